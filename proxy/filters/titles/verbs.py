"""The verbs that ask, the nouns that stand for them in a title, and what may stand before and behind a request."""

from proxy.filters.titles.gerund import spelled
from proxy.filters.titles.tables import phrase_set, word_set

LEADS = phrase_set(
    """hi|hello|would you be so kind as to|hey|yo|hiya|hi there|hello there|hey there|good morning| good afternoon|good
    evening|claude|ok|okay|so|well|um|alright|all right|right|now|also|and|please|
    pls|plz|kindly|just|quickly|quick|next|first|then|quick question|quick one|quick q|question|task|
    todo|ask|request|goal|can you|could you|would you|will you|can u|could u|can we|could we|can i| could i|should
    we|should i|shall we|would you mind|are you able to|is it possible to|it possible to| is there a way to|is there
    any way to|would it be possible to|i want to|i want you to|i would like to| i would like you to|i'd like to|i'd
    like you to|id like to|i need to|i need you to|we need to|we want to| we should|we have to|i have to|we must|you
    should|you need to|you must|let's|lets|let us|help|help me| help me to|help us|i need help to|i'm trying to|im
    trying to|i am trying to|we are trying to|trying to| try to|try and|go ahead and|feel free to|your task is to|the
    task is to|the goal is to|your job is to| need to|want to|how do i|how do we|how can i|how can we|how should i|how
    should we|how would i| how would we|how to|how do you|how would you|what is the best way to|what's the best way to|
    whats the best way to|best way to|is it safe to|is it ok to|is it okay to|does it make sense to| would it make
    sense to|do i need to|do we need to|do i have to|do we have to|how hard would it be to| how much work would it be
    to|how hard is it to|how long would it take to|i wonder how to|do you know how to| show me how to|tell me how
    to|explain how to|in order to|thinking about|explain how we|explain where we| how we|how they|where do we|where do
    i|where we|where are we|sry|sorry|heya|hiya claude|hey claude| hi claude|hello claude|time to|it's time to|its time
    to|got to|gotta|we gotta|i gotta|i wanna|we wanna|wanna| would like to|would love to|i'd love to|we'd like to|we
    would like to|my goal is to|the idea is to| the plan is to|i was asked to|we were asked to|i've been asked to|you
    can|could someone|can someone| can somebody|someone should|any chance you could|any chance you can|any chance
    to|mind|do me a favor and| start by|begin by|first of all|to start|for now|could you also|can you also|if
    possible|if you can| when you have time|what would it take to|what does it take to|how about|what about|what if
    we|check if we|check whether we| verify that we|make sure we|make sure that we|ensure we|ensure that we| add the
    ability to|add an ability to|add ability to|add the option to|add an option to|add option to| add a way to|add the
    possibility to|add support to|implement the ability to|i want to be able to| i'd like to be able to|we want to be
    able to|we need to be able to|i need to be able to| it should be possible to|it must be possible to|make it
    possible to|need a way to|i need a way to| we need a way to|i want a way to"""
    + "".join(
        f"|let {who}|allow {who} to|enable {who} to|{who} should be able to|{who} must be able to|"
        f"{who} need to be able to|{who} want to|make it possible for {who} to|add a way for {who} to|"
        f"add the ability for {who} to"
        for who in ("users", "people", "customers", "us", "me", "the user", "a user", "everyone")
    )
)
"""What may stand before a request and says nothing of it."""

LABELS = word_set("feature plan objective idea bug title subject summary task todo goal request fix feat chore docs")
"""What may stand before a request with a colon behind it."""

WANTS = phrase_set(
    """have|what's causing|what is causing|whats causing|what causes|i need|we need|i want|we want|i'd like| i would
    like|we'd like|need|want|there is|there's|theres|there are|is there|are there|i have|we have| i've got|we've
    got|i'm getting|im getting|i am getting|we're getting|i get|we get|i keep getting| we keep getting|getting|i'm
    seeing|im seeing|i am seeing|we're seeing|we are seeing|we see|i see|seeing| i'm hitting|hitting|i found|we
    found|we are after|looking for|do we have|do we already have| is there already|why is there|why are there|whats
    with|what's with|i'd love|we'd love|wtf is going on with|what is going on with|what's going on with| whats going on
    with|something is off with|something is wrong with|where's|wheres|where is|where are|where can i find|where do i
    find|where do we have|gimme|where's the code for|i need help with|need help with|help with|help me with|i have a
    problem with| we have a problem with|i'm having trouble with|having trouble with|i think there's|i think there
    is|what is| what's|whats|what are|tell me about|question about|a question about|i have a question about"""
)
"""What may stand before the thing itself."""

TAILS = phrase_set(
    """please|pls|plz|thanks|thx|ty|thank you|asap|now|again|too|also|everywhere|here|today|quickly|
    properly|correctly|first|cheers|kindly|yet|everything|already|a bit|a little|a bit more|a little more| for me|for
    us|as well|if possible|somehow|next|anywhere|every night|every day|every hour|every week|every month| every
    morning|for an hour|for a day|for a week|for a minute|once a day|at night|right now|at the moment| at once|before i
    forget|in general|if needed|where needed|where possible|and so on|for now|on every pr|on every push|on each push|on
    every commit|on push|on tag|etc"""
)
"""What stands behind a request and may be left out."""


def _verbs(table: str) -> dict[tuple[str, ...], str]:
    """Verbs and their nouns: "review:=" is "review", "migrate:ion" is "migration", "parse:ing" is "parsing"."""
    entries = (entry.partition(":") for entry in table.split())
    return {tuple(verb.split("_")): _noun(verb, noun) for verb, _, noun in entries}


def _third(verb: str) -> str:
    if verb.endswith("y") and verb[-2] not in "aeou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "sh", "ch", "x", "o")) else "s")


def _noun(verb: str, noun: str) -> str:
    forms = {"=": verb, "ing": spelled(verb), "ion": verb.removesuffix("e") + "ion"}
    return forms.get(noun, verb.removesuffix("e") + noun if noun == "ation" else noun)


THINGS = _verbs(
    """suggest propose recommend check_for look_for search_for scan_for double_check build_out fix:= add:addition
    create:ion write:draft build:= implement:ation explain:explanation understand:explanation describe:description
    debug:ing investigate:ion find diagnose:diagnosis troubleshoot:ing resolve:fix solve:fix repair:=
    improve:improvement draft:= introduce:introduction generate:ion design:= develop:development prepare:ation
    define:definition enhance:enhancement enable show display include:inclusion use address list:= correct:ion
    clarify:clarification track_down look_into look_at take_a_look_at have_a_look_at expose figure_out find_out
    go_through dig_into walk_me_through walk_through explain_to_me come_up_with scaffold bootstrap provide put store
    check:= check_out check_on read open discuss:ion brainstorm finish complete learn_about teach_me take_care_of
    tackle spin_up follow_up_on rework:= outline sketch examine explore turn_on allow permit set draw approach
    structure model embed insert append give see view try offer"""
)
"""Verbs whose object is the title by itself, each with the noun that may stand behind it."""

WORKS = _verbs(
    """reinstall:ation redeploy:redeployment rerun:= recreate:ion order:ing retry:= stub_out:stubbing skip:skipping
    tag:ing assign:assignment lazy_load:lazy-loading pull_out:extraction regenerate:ion reverse_engineer:analysis
    simplify:simplification initialize:ation install_and_configure:setup inline:ing restrict:ion protect:ion
    swap_out:swap start:= cherry_pick:cherry-pick proofread:ing whitelist:ing allowlist:ing bring_back:restoration
    compile:ation wrap:ing prefill:ing persist:persistence shorten:ing lock:ing suppress:ion silence:ing link:ing
    register:registration inject:ion randomize:ation transcribe:transcription aggregate:ion handle:ing review:=
    refactor:ing migrate:ion upgrade:= update:= bump:= rename:= move:= port:= convert:conversion deploy:deployment
    install:ation configure:ation optimize:ation optimise:ation document:ation benchmark:= profile:ing validate:ion
    verify:verification audit:= analyze:analysis analyse:analysis compare:comparison summarize:summary
    summarise:summary integrate:ion extract:ion split:= merge:= rebase:= release:= publish:release replace:replacement
    switch:= restore:ation translate:ion sync:= import:= export:= parse:ing cache:ing log:ing render:ing
    format:formatting lint:ing monitor:ing mock:= seed:ing reorganize:ation restructure:ing rewrite:= redesign:=
    clean_up:cleanup cleanup:= set_up:setup setup:= speed_up:speedup back_up:backup extend:extension reduce:reduction
    increase:= cherry-pick:= backport:= triage:= localize:ation encrypt:ion compress:ion paginate:ion sort:ing
    filter:ing automate:ion dockerize:ation containerize:ation scrape:ing visualize:ation plan:= estimate:=
    reproduce:reproduction simulate:ion plot:= train:ing tune:ing harden:ing patch:= trace:ing track:ing inspect:ion
    evaluate:ion research:= unify:unification consolidate:ion standardize:ation normalize:ation modernize:ation
    support:= test:= change:= run:= wire_up:wiring hook_up:hookup pin:= squash:= detect:ion measure:measurement
    modularize:ation emit:emission centralize:ation transform:ation tidy_up:cleanup tidy:cleanup style:ing resize:ing
    roll_out:rollout adjust:adjustment swap:= vendor:ing debounce:= throttle:ing cut:reduction reindex:ing
    shrink:reduction lower:reduction raise:increase tweak:= trim:trimming align:alignment center:ing centre:centering
    animate:ion dedupe:deduplication deduplicate:ion batch:ing memoize:ation preload:ing lazy-load:ing prefetch:ing
    virtualize:ation rebuild:= reset:= restart:= reorder:ing reformat:reformatting reword:ing rotate:ion renew:renewal
    separate:ion isolate:ion generalize:ation parallelize:ation parametrize:ation upload:= download:= poll:ing
    stream:ing group:ing limit:= cap:= round:ing truncate:ion sanitize:ation escape:ing encode:ing decode:ing
    minify:minification enforce:enforcement highlight:ing scale:ing stub:= schedule:ing quantize:ation vectorize:ation
    encapsulate:ion annotate:ion obfuscate:ion anonymize:ation mask:ing serialize:ation turn:conversion cover:coverage
    clean:ing edit:ing invite:invitation send:ing share:ing save:ing cancel:cancellation approve:approval
    submit:submission search:= bundle:ing host:ing load:ing collect:ion sign:ing block:ing calculate:ion
    compute:computation store:storage prioritize:ation dockerise:ation bulk_delete:bulk-deletion bulk_edit:bulk-editing
    autocomplete:= autosave:= autoformat:ting typecheck:= type_check:= unit_test:unit-tests print:ing record:ing
    notarize:ation purge:= flush:= delay:= warm_up:warmup clone:cloning fork:= benchmark_and_optimize:optimization
    pre-render:ing prerender:ing hash:ing index:ing replicate:ion smooth:ing start_on:start start_with:start
    work_on:work stabilize:ation secure:hardening archive:ing"""
)
"""Verbs whose work is part of the title, each with its noun."""

TAKEN_AWAY = _verbs(
    """hide:ing disable:ing turn_off:disabling switch_off:disabling mute:ing kill:removal nuke:removal ditch:removal
    rip_out:removal remove:removal delete:removal drop:removal get_rid_of:removal strip:removal revert:=
    roll_back:rollback undo:reversal deprecate:ion prevent:ion uninstall:removal"""
)
"""Verbs that take their object away: a title without their noun might say the opposite."""

STALE = word_set("unused deprecated legacy old dead stale obsolete duplicate redundant unnecessary temporary unneeded")
"""What is said of things that are to go: a title with one of these says so without "removal"."""

VERBS = phrase_set("|".join(" ".join(verb) for verb in {**THINGS, **WORKS, **TAKEN_AWAY}))
SINGLE = {verb[0]: noun for verb, noun in {**THINGS, **WORKS, **TAKEN_AWAY}.items() if len(verb) == 1}
THIRD = {
    " ".join([_third(verb[0]), *verb[1:]]): noun or spelled(verb[0])
    for verb, noun in {**THINGS, **WORKS, **TAKEN_AWAY}.items()
    if noun or len(verb) == 1
} | {_third(verb): spelled(verb) for verb in word_set("match print send read write find count check watch")}
"""What a thing does, and its noun: "backs up", "highlights"."""
GERUNDS = {spelled(verb): verb for verb in SINGLE}
USED = {
    **{verb + ("d" if verb.endswith("e") else "ed"): noun for verb, noun in SINGLE.items() if noun},
    **dict.fromkeys(("used", "called", "needed"), "usage"),
    "stored": "storage",
    "declared": "declaration",
    "computed": "computation",
    "calculated": "calculation",
    "verified": "verification",
    "loaded": "loading",
    "tested": "tests",
    "sent": "sending",
    "set": "setting",
}
"""What is asked of a thing in the passive: "where is the JWT validated"."""

NOUN_FIRST = word_set(
    """test cache log build design document filter process profile mock trace patch plan display list style format
    export import release structure model stream batch group scale schedule stub mask rate archive"""
)
"""Verbs that may as well be the first noun of a name: without a lead they need an article or a name behind them."""

PREPARING = phrase_set(
    """look at|take a look at|have a look at|check|check out|read|go through|run|open|find|find out| figure
    out|list|show|review|inspect|use|examine"""
)
"""Verbs that only prepare the real request, if another follows."""

INFINITIVES = word_set(
    """push toggle flip open close send print download upload copy paste share save reset clear skip select search find
    go jump click press hold see view let make get have be do show hide pick choose allow run start stop pause resume
    play switch edit delete dismiss expand collapse scroll zoom rotate drag drop submit cancel confirm sign log invite
    report rate like follow block pin archive restore duplicate clone transfer enter leave join exit retry refresh
    reload call handle keep prevent ensure avoid match reflect fit look work return accept reject include ignore
    redirect connect fetch read write store persist create build change set add remove sort filter group list count
    convert transform check test debug trace monitor measure track use reduce speed improve help support rename back
    rotate export import"""
)
"""Verbs behind "to" that say what something is for."""

_DOING = (
    INFINITIVES
    | SINGLE.keys()
    | word_set(
        """decide determine choose resolve process manage deal react behave interact communicate talk relate differ fit
    happen begin end know recognize receive respond fire propagate flow travel compute calculate apply combine queue
    dispatch route serve authenticate match block cover define delete"""
    )
)
DOES = _DOING | {_third(verb) for verb in _DOING}
"""What a thing does, in a question for how it does it and in a clause behind "that"."""

MADE = word_set(
    """responsive friendlier nicer cleaner safer configurable optional faster async asynchronous bigger smaller sticky
    collapsible consistent accessible idempotent sortable searchable draggable resizable scrollable clickable editable
    reusable generic simpler clearer shorter wider narrower brighter darker readable robust thread-safe secure public
    private mandatory required nullable unique persistent dismissible deterministic mobile-friendly stricter fullscreen
    translatable testable modular lazy transparent visible"""
)
"""What a thing can be made: "make the date column sortable" is about the sortable date column."""

FAULT_VERBS = {
    form: noun
    for verb, noun in _verbs(
        "overlap:overlap duplicate:duplication lag:lag stutter:stutter jump:jumps jitter:jitter blink:blinking"
        "disappear:disappearance vanish:disappearance timeout:timeout deadlock:deadlock explode:explosion "
        "fail:failure crash:crash hang:hang freeze:freeze flicker:flicker leak:leak overflow:overflow restart:restarts"
    ).items()
    for form in (verb[0], verb[0] + ("es" if verb[0].endswith("sh") else "s"), spelled(verb[0]))
}
RETURNS = word_set(
    "return returns returning throw throws throwing raise raises raising give gives giving report reports"
)
WORKING = word_set(
    """work load render open start respond show appear update close scroll save refresh fire trigger run connect sync
    send print play resize compile build pass persist redirect"""
)
WORKING_ING = {spelled(verb): verb for verb in WORKING} | {"working": ""}
