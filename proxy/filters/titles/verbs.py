"""The verbs that ask, the nouns that stand for them in a title, and what may stand before and behind a request."""

from proxy.filters.titles.gerund import spelled
from proxy.filters.titles.tables import phrase_set, word_set

LEADS = phrase_set(
    """hi|hello|would you be so kind as to|hey|yo|hiya|hi there|hello there|hey there|good morning|
    good afternoon|good evening|claude|ok|okay|so|well|um|alright|all right|right|now|also|and|please|
    pls|plz|kindly|just|quickly|quick|next|first|then|quick question|quick one|quick q|question|task|
    todo|ask|request|goal|can you|could you|would you|will you|can u|could u|can we|could we|can i|
    could i|should we|should i|shall we|would you mind|are you able to|is it possible to|it possible to|
    is there a way to|is there any way to|would it be possible to|i want to|i want you to|i would like to|
    i would like you to|i'd like to|i'd like you to|id like to|i need to|i need you to|we need to|we want to|
    we should|we have to|i have to|we must|you should|you need to|you must|let's|lets|let us|help|help me|
    help me to|help us|i need help to|i'm trying to|im trying to|i am trying to|we are trying to|trying to|
    try to|try and|go ahead and|feel free to|your task is to|the task is to|the goal is to|your job is to|
    need to|want to|how do i|how do we|how can i|how can we|how should i|how should we|how would i|
    how would we|how to|how do you|how would you|what is the best way to|what's the best way to|
    whats the best way to|best way to|is it safe to|is it ok to|is it okay to|does it make sense to|
    would it make sense to|do i need to|do we need to|do i have to|do we have to|how hard would it be to|
    how much work would it be to|how hard is it to|how long would it take to|i wonder how to|do you know how to|
    show me how to|tell me how to|explain how to|in order to|thinking about"""
)
"""What may stand before a request and says nothing of it."""

LABELS = word_set("feature plan objective idea bug title subject summary task todo goal request fix feat chore docs")
"""What may stand before a request with a colon behind it."""

WANTS = phrase_set(
    """have|what's causing|what is causing|whats causing|what causes|i need|we need|i want|we want|i'd like|
    i would like|we'd like|need|want|there is|there's|theres|there are|is there|are there|i have|we have|
    i've got|we've got|i'm getting|im getting|i am getting|we're getting|i get|we get|i keep getting|
    we keep getting|getting|i'm seeing|im seeing|i am seeing|we're seeing|we are seeing|we see|i see|seeing|
    i'm hitting|hitting|i found|we found|we are after|looking for|do we have|do we already have|
    is there already|i need help with|need help with|help with|help me with|i have a problem with|
    we have a problem with|i'm having trouble with|having trouble with|i think there's|i think there is|what is|
    what's|whats|what are|tell me about|question about|a question about|i have a question about"""
)
"""What may stand before the thing itself."""

TAILS = phrase_set(
    """please|pls|plz|thanks|thx|ty|thank you|asap|now|again|too|also|everywhere|here|today|quickly|
    properly|correctly|first|cheers|kindly|yet|everything|already|a bit|a little|a bit more|a little more|
    for me|for us|as well|if possible|somehow|next|anywhere"""
)
"""What stands behind a request and may be left out."""


def _verbs(table: str) -> dict[tuple[str, ...], str]:
    return {tuple(verb.split("_")): noun for verb, _, noun in (entry.partition(":") for entry in table.split())}


THINGS = _verbs(
    """suggest: propose: recommend: check_for: look_for: search_for: scan_for: double_check: build_out: fix:fix
    add:addition create:creation write:draft build:build implement:implementation explain:explanation
    understand:explanation describe:description debug:debugging investigate:investigation find: diagnose:diagnosis
    troubleshoot:troubleshooting resolve:fix solve:fix repair:repair improve:improvement draft:draft
    introduce:introduction generate:generation design:design develop:development prepare:preparation
    define:definition enhance:enhancement enable: show: display: include:inclusion use: address: list:list
    correct:correction clarify:clarification track_down: look_into: look_at: take_a_look_at: have_a_look_at: expose:
    figure_out: find_out: go_through: dig_into: walk_me_through: walk_through: explain_to_me: come_up_with: scaffold:
    bootstrap: provide: put: store: check:check check_out: check_on: read: open: discuss:discussion brainstorm:
    finish: complete: learn_about: teach_me: take_care_of: tackle: spin_up: follow_up_on: rework:rework outline:
    sketch: examine: explore: turn_on: allow: permit: set: draw: approach: structure: model: embed: insert: append:
    give:"""
)
"""Verbs whose object is the title by itself, each with the noun that may stand behind it."""

WORKS = _verbs(
    """order:ordering retry:retry stub_out:stubbing skip:skipping tag:tagging assign:assignment lazy_load:lazy-loading
    pull_out:extraction regenerate:regeneration reverse_engineer:analysis simplify:simplification
    initialize:initialization install_and_configure:setup inline:inlining restrict:restriction protect:protection
    swap_out:swap start:start cherry_pick:cherry-pick proofread:proofreading whitelist:whitelisting
    allowlist:allowlisting bring_back:restoration compile:compilation wrap:wrapping prefill:prefilling
    persist:persistence shorten:shortening lock:locking suppress:suppression silence:silencing link:linking
    register:registration inject:injection randomize:randomization transcribe:transcription aggregate:aggregation
    handle:handling review:review refactor:refactoring migrate:migration upgrade:upgrade update:update bump:bump
    rename:rename move:move port:port convert:conversion deploy:deployment install:installation
    configure:configuration optimize:optimization optimise:optimisation document:documentation benchmark:benchmark
    profile:profiling validate:validation verify:verification audit:audit analyze:analysis analyse:analysis
    compare:comparison summarize:summary summarise:summary integrate:integration extract:extraction split:split
    merge:merge rebase:rebase release:release publish:release replace:replacement switch:switch restore:restoration
    translate:translation sync:sync import:import export:export parse:parsing cache:caching log:logging
    render:rendering format:formatting lint:linting monitor:monitoring mock:mock seed:seeding
    reorganize:reorganization restructure:restructuring rewrite:rewrite redesign:redesign clean_up:cleanup
    cleanup:cleanup set_up:setup setup:setup speed_up:speedup back_up:backup extend:extension reduce:reduction
    increase:increase cherry-pick:cherry-pick backport:backport triage:triage localize:localization
    encrypt:encryption compress:compression paginate:pagination sort:sorting filter:filtering automate:automation
    dockerize:dockerization containerize:containerization scrape:scraping visualize:visualization plan:plan
    estimate:estimate reproduce:reproduction simulate:simulation plot:plot train:training tune:tuning
    harden:hardening patch:patch trace:tracing track:tracking inspect:inspection evaluate:evaluation
    research:research unify:unification consolidate:consolidation standardize:standardization normalize:normalization
    modernize:modernization support:support test:test change:change run:run wire_up:wiring hook_up:hookup pin:pin
    squash:squash detect:detection measure:measurement modularize:modularization emit:emission
    centralize:centralization transform:transformation tidy_up:cleanup tidy:cleanup style:styling resize:resizing
    roll_out:rollout adjust:adjustment swap:swap vendor:vendoring debounce:debounce throttle:throttling cut:reduction
    reindex:reindexing shrink:reduction lower:reduction raise:increase tweak:tweak trim:trimming align:alignment
    center:centering centre:centering animate:animation dedupe:deduplication deduplicate:deduplication batch:batching
    memoize:memoization preload:preloading lazy-load:lazy-loading prefetch:prefetching virtualize:virtualization
    regenerate:regeneration rebuild:rebuild reset:reset restart:restart reorder:reordering reformat:reformatting
    reword:rewording rotate:rotation renew:renewal separate:separation isolate:isolation generalize:generalization
    parallelize:parallelization parametrize:parametrization upload:upload download:download poll:polling
    stream:streaming group:grouping limit:limit cap:cap round:rounding truncate:truncation sanitize:sanitization
    escape:escaping encode:encoding decode:decoding minify:minification enforce:enforcement highlight:highlighting
    scale:scaling stub:stub schedule:scheduling quantize:quantization vectorize:vectorization
    encapsulate:encapsulation annotate:annotation obfuscate:obfuscation anonymize:anonymization mask:masking
    serialize:serialization start_on:start start_with:start work_on:work stabilize:stabilization secure:hardening
    archive:archiving"""
)
"""Verbs whose work is part of the title, each with its noun."""

TAKEN_AWAY = _verbs(
    """kill:removal nuke:removal ditch:removal rip_out:removal remove:removal delete:removal drop:removal
    get_rid_of:removal strip:removal revert:revert roll_back:rollback undo:reversal deprecate:deprecation
    prevent:prevention uninstall:removal"""
)
"""Verbs that take their object away: a title without their noun might say the opposite."""

STALE = word_set("unused deprecated legacy old dead stale obsolete duplicate redundant unnecessary temporary unneeded")
"""What is said of things that are to go: a title with one of these says so without "removal"."""

PREFIXED = _verbs("hide:hidden disable:disabled turn_off:disabled mute:muted")
"""Verbs that become an adjective of their object."""

VERBS = phrase_set("|".join(" ".join(verb) for verb in {**THINGS, **WORKS, **TAKEN_AWAY, **PREFIXED}))
SINGLE = {verb[0]: noun for verb, noun in {**THINGS, **WORKS, **TAKEN_AWAY}.items() if len(verb) == 1}
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
    """test cache log build design document filter process profile mock trace patch plan display list store style format
    export import release structure model stream batch group scale schedule stub mask rate archive"""
)
"""Verbs that may as well be the first noun of a name: without a lead they need an article or a name behind them."""

PREPARING = phrase_set(
    """look at|take a look at|have a look at|check|check out|read|go through|run|open|find|find out|
    figure out|list|show|review|inspect|use|examine"""
)
"""Verbs that only prepare the real request, if another follows."""

INFINITIVES = word_set(
    """toggle flip open close send print download upload copy paste share save reset clear skip select search find go
    jump click press hold see view let make get have be do show hide pick choose allow run start stop pause resume
    play switch edit delete dismiss expand collapse scroll zoom rotate drag drop submit cancel confirm sign log
    invite report rate like follow block pin archive restore duplicate clone transfer enter leave join exit retry
    refresh reload call handle keep prevent ensure avoid match reflect fit look work return accept reject include
    ignore redirect connect fetch read write store persist create build change set add remove sort filter group list
    count convert transform check test debug trace monitor measure track use reduce speed improve help support rename
    back rotate export import"""
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
DOES = _DOING | {verb + ("es" if verb.endswith(("s", "sh", "ch", "x", "o")) else "s") for verb in _DOING}
"""What a thing does, in a question for how it does it and in a clause behind "that"."""

MADE = word_set(
    """responsive configurable optional faster async asynchronous bigger smaller sticky collapsible consistent
    accessible idempotent sortable searchable draggable resizable scrollable clickable editable reusable generic
    simpler clearer shorter wider narrower brighter darker readable robust thread-safe secure public private
    mandatory required nullable unique persistent dismissible deterministic mobile-friendly stricter fullscreen
    translatable testable modular lazy transparent visible"""
)
"""What a thing can be made: "make the date column sortable" is about the sortable date column."""

FAULT_VERBS = {
    form: noun
    for verb, noun in _verbs(
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
