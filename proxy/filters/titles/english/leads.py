"""What may stand before and behind a request, and says nothing of it."""

from proxy.filters.titles.english.tables import Phrases, word_set

LEADS = Phrases(
    """do (a|an|some)|hi|hello|hey|sry|hmm|wrong window
    |hi (there|claude|all|team)|hello (there|claude)|hey (there|claude|guys|man)
    |claude
    |good (morning|afternoon|evening)|ok|okay|so|well|now|also|and|please|pls|just|then
    |quick (question|one|q|task|thing)
    |question|task|sorry|btw|fyi|actually|sometimes|(it )?(looks|seems) like
    |(can|could|would|will) (you|u|we|i|someone|somebody)( please| also| perhaps| maybe| possibly| help
    (me|us)( to)?| be so kind as to)?
    |thanks|(should|shall|would) (i|we|you)|(can|could|would) you mind|are you able to
    |(is|would) it( be)? possible to|is there (a|any) way to
    |(i|we) (want|need|have|had|would like|wanna|gotta|got|would love)( you)? to
    |(i'd|id|we'd|i'm|im) (like|love)( you)? to|(i|we) (should|must|can)( probably| also| really)?
    |do (i|we)( already| still)?|you (should|must)|you (need|have) to
    |(let's|lets)( do)?|let us|help( me| us)?( to)?
    |(i'm|im|i am|we are|we're)? ?(trying|looking|planning|going|about) to|try (to|and)|go ahead and
    |(i'm |im |we're )?thinking (about|of)
    |(your|the|my) (task|goal|job|idea|plan|objective)( of this [a-z]+| here)? is to|(need|want|got|time) to
    |(it's|its) time to|wanna|how (do|can|should|would|could) (i|we|you)( best)?|how to
    |(what is |what's |whats |what are )?(the |a )?(good |best |easiest |fastest |cheapest |simplest |cleanest |quickest
    |nicest |safest |right |proper |correct |usual )?(way|steps) to|is it (safe|ok|okay|fine|worth) to|is it worth
    |(see|check|find out) (if|whether) (we|i|you) (can|could)|(does|would) it make sense to|do (i|we) (need|have) to
    |how (hard|difficult) (would it be|is it) to|how about|what about|how (long|much work) would it (take|be) to
    |(show|tell) me how to|explain how to|explain (how|where) we|where (do|did) (we|i)
    |(i was|we were|i've been) asked to|mind|add (the|an|some)? ?(ability|option|possibility|way|feature) to
    |(i|we)? ?need a way to|it would be (nice|great|good|cool|helpful) to|i want you to|you (will|shall)( have to)?
    |(i|we) (think|guess|believe|suspect|noticed|figured)( that)?|(check|see|verify) (if|whether) there( is| are)?
    |(check|see|verify) (if|whether) (there's|theres)
    |what (would|will|happens|does it) (break|happen|take)? ?if (i|we)|what happens (if|when)
    |(tell|remind) me|(i'm |i was )?wondering|do you know|be able to
    |as (a|an|the) [a-z]+( [a-z]+)?( ,)? (i|we) (want|need|would like) to
    |(any|no|have any|got any) (idea|clue)|(no idea|no clue|have no idea|i have no idea) (why|how)( ,)? but
    |not sure (why|how)( ,)? but|(dunno|idk)( why)?( ,)?( but)?|make it so( that)?
    |(i|we) (don't|dont|do not) (really )?(understand|get|know|see)|not sure|where (should|can|could|would) (i|we)"""
)
"""What may stand before a request and says nothing of it."""

LABELS = word_set(
    "feature plan objective idea bug title subject summary task todo goal request fix feat chore docs refactor issue"
)
"""What may stand before a request with a colon behind it."""

WANTS = Phrases(
    """have|(i|we)( still| now| just)? (need|want|have|got|get|see|found|keep getting|keep seeing|noticed)( got)?
    |(i'd|we'd) (like|love)( to have)?|(i|we) would like( to have)?|need|want|got
    |(there|there's|theres)( is| are| was| were| seems to be )?|is there|are there|(i've|we've) got
    |(i'm|im|i am|we're|we are|is|keep|keeps)? ?(getting|seeing|hitting|having|looking for|facing)
    |do (we|i)( already| still| really| actually| even)? (need|use|have)
    |why (is|are) there|why do (we|i) have
    |(i'm|im|i am|we're|we are) (building|writing|making|creating|developing|working on|designing)
    |(whats|what's|what is)( the)?( going on| up| wrong| deal)? with
    |(something|smth)( weird| strange| odd| wrong)?( is| seems)?( going on| off| wrong| broken)? with|gimme
    |(i|we)( have| am having|'m having)? ?(a problem|problems|an issue|issues|trouble) with
    |(what's|whats|what is |what are) (causing|behind)|what (is|are)|what's|whats|tell me about
    |(i|we) (want|need|would like) to have|where's|where (is|are)|looking for|problem with|issue with
    |(can|could) (you|i|we) (have|get)|there (should|must|needs to) be|wtf is( going on with)?
    |why (am i|are we|do i|do we|i'm|im)( still| always)? (getting|get|seeing|see|having)"""
)
"""What may stand before the thing itself."""

TAILS = Phrases(
    """(from|since) (this morning|yesterday|today|last (week|night|month))|please|pls|thanks|thx|thank you|asap|now
    |again|too|also|everywhere|here|today|quickly|properly|correctly|first|yet|already|a (bit|little)( more)?
    |for (me|us|now|everyone)|as well|if (possible|needed)|somewhere|every (night|day|hour|week|month|morning|time)
    |for (an hour|a day|a week|a minute|months|weeks|days|hours|some reason)|at (night|once|the moment|all)
    |right now|in addition( to [a-z0-9.@-]+)?|etc|all (over|the time)|automatically|at the same time|to (me|us)
    |step by step|in detail|currently|anymore|completely|last (week|night|month)|this (week|morning|afternoon)
    |yesterday|in the background|by default|in half|by half|up|side by side|from scratch|by hand|manually|together"""
)
"""What stands behind a request and may be left out."""
