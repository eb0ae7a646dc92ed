"""The verbs that ask or report, and the nouns that stand for them in a title."""

import re

from proxy.filters.titles.english.tables import word_set

_DOUBLED = re.compile(
    r"[^aeiou]*[^aeiou][aeiou][^aeiouwxy]|debug|commit|unzip|overlap|emit|embed|rerun|prefer|refer|\w*(?:format|submit|permit|strap|set|get|begin)|un(?:pin|ban|plug|wrap|map|tag)"
)


def spelled(verb: str) -> str:
    """The -ing form of an English verb in lower case: write, writing; run, running; tie, tying."""
    if "-" in verb:  # "sign-in"
        first, _, rest = verb.partition("-")
        return f"{spelled(first)}-{rest}"
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return verb[:-1] + "ing"
    return verb + (verb[-1] if _DOUBLED.fullmatch(verb) else "") + "ing"


def _verbs(table: str) -> dict[str, str]:
    """Verbs and their nouns: "review:=" is "review", "migrate:ion" is "migration", "parse:ing" is "parsing"."""
    entries = (entry.partition(":") for entry in table.split())
    return {verb.replace("_", " "): _noun(verb, noun) for verb, _, noun in entries}


def third(verb: str) -> str:
    if verb.endswith("y") and verb[-2] not in "aeou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "sh", "ch", "x", "o")) else "s")


def _noun(verb: str, noun: str) -> str:
    forms = {"=": verb, "ing": spelled(verb), "ion": verb.removesuffix("e") + "ion"}
    return forms.get(noun, verb.removesuffix("e") + noun if noun == "ation" else noun)


THINGS = _verbs(
    """suggest propose recommend check_for look_for search_for scan_for double_check build_out fix:= add:addition
    create:ion write:ing build:= implement:ation explain:explanation understand:explanation describe:description
    debug:ing investigate:ion find diagnose:diagnosis troubleshoot:ing resolve:fix solve:fix repair:=
    improve:improvement draft:ing introduce:introduction generate:ion design:= develop:development prepare:ation
    define:definition enhance:enhancement enable show display include:inclusion use address list:= correct:ion
    clarify:clarification track_down look_into look_at take_a_look_at have_a_look_at expose figure_out find_out
    go_through go_over dig_into walk_me_through walk_through explain_to_me come_up_with scaffold bootstrap provide
    put check:= check_out check_on read open discuss:ion brainstorm finish complete learn_about teach_me
    take_care_of tackle spin_up follow_up_on rework:= outline sketch examine explore turn_on allow permit set
    draw approach hunt_down structure model embed insert append give see view try offer code_up make_up sort_out
    work_out deal_with provide_me add_in throw_in craft produce construct establish bring_in"""
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
    summarise:summary integrate:ion extract:ion split:= merge:= rebase:= release:= publish:release
    replace:replacement switch:= restore:ation translate:ion sync:= import:= export:= parse:ing cache:ing log:ing
    render:ing format:formatting lint:ing monitor:ing mock:= seed:ing reorganize:ation restructure:ing rewrite:=
    redesign:= clean_up:cleanup cleanup:= set_up:setup setup:= speed_up:speedup back_up:backup extend:extension
    reduce:reduction increase:= cherry-pick:= backport:= triage:= localize:ation encrypt:ion compress:ion
    paginate:ion sort:ing filter:ing automate:ion dockerize:ation containerize:ation scrape:ing visualize:ation
    plan:= estimate:= reproduce:reproduction simulate:ion plot:= train:ing tune:ing harden:ing patch:= trace:ing
    track:ing inspect:ion evaluate:ion research:= unify:unification consolidate:ion standardize:ation
    normalize:ation modernize:ation support:= test:= change:= run:= wire_up:wiring wire:ing hook_up:hookup pin:=
    squash:= detect:ion measure:measurement modularize:ation emit:emission centralize:ation transform:ation
    tidy_up:cleanup tidy:cleanup style:ing resize:ing roll_out:rollout adjust:adjustment swap:= vendor:ing
    debounce:= throttle:ing reindex:ing shrink:reduction lower:reduction raise:increase tweak:= trim:trimming
    align:alignment center:ing centre:centering animate:ion dedupe:deduplication deduplicate:ion batch:ing
    memoize:ation preload:ing lazy-load:ing prefetch:ing virtualize:ation rebuild:= reset:= restart:= reorder:ing
    reformat:reformatting reword:ing rotate:ion renew:renewal separate:ion isolate:ion generalize:ation
    parallelize:ation parametrize:ation upload:= download:= poll:ing stream:ing group:ing limit:= cap:= round:ing
    truncate:ion sanitize:ation escape:ing encode:ing decode:ing minify:minification enforce:enforcement
    highlight:ing scale:ing stub:= schedule:ing quantize:ation vectorize:ation encapsulate:ion annotate:ion
    obfuscate:ion anonymize:ation mask:ing serialize:ation turn:conversion cover:coverage clean:ing edit:ing
    invite:invitation send:ing share:ing save:ing cancel:cancellation approve:approval submit:submission search:=
    bundle:ing host:ing load:ing collect:ion sign:ing block:ing calculate:ion compute:computation prioritize:ation
    dockerise:ation autocomplete:= autosave:= autoformat:autoformatting typecheck:= type_check:= unit_test:unit-tests
    print:ing record:ing notarize:ation purge:= flush:= delay:= warm_up:warmup clone:cloning fork:=
    benchmark_and_optimize:optimization pre-render:ing prerender:ing hash:ing index:ing replicate:ion smooth:ing
    stabilize:ation secure:hardening archive:ing query:= impersonate:impersonation connect:ion backfill:= hook:ing
    match:ing store:storage generate_and_send:generation push:= pull:= commit:= apply:application mirror:ing
    proxy:ing redirect:ion crop:cropping copy:=
    return:= populate:population bake:ing attach:ing bind:ing map:mapping expand:expansion collapse:=
    toggle:= sanitise:ation reuse:= downgrade:= relocate:relocation retire:removal rebrand:ing theme:ing
    tighten:ing widen:ing prune:pruning reimplement:ation fill:ing gate:ing guard:ing drain:ing pad:padding
    re-enable reenable rerender:ing flip:= implement_and_test:implementation pick:ing merge_in:merge flatten:ing
    rethink:redesign revamp:= overhaul:= log-in:login log-out:logout sign-in:= sign-up:= opt-out:= work_on:work
    start_on:start invalidate:ion reproject:ion clip:clipping resample:resampling calibrate:ion interpolate:ion
    tokenize:ation decompress:ion unpack:ing downsample:downsampling upsample:upsampling rasterize:ation
    recalculate:ion rescale:rescaling reconcile:reconciliation transcode:transcoding transpose:transposition
    triangulate:ion denoise:denoising classify:classification recompile:recompilation blacklist:ing denylist:ing
    activate:ion adapt:ation allocate:ion amend:ing arrange:arrangement assess:assessment authorize:ation amortize:ation
    authorise:ation categorize:ation categorise:ation coalesce:coalescing collate:ion colorize:ation concatenate:ion
    correlate:ion customize:ation customise:ation decouple:decoupling decrease:= decrypt:ion deduct:ion delegate:ion
    deliver:delivery derive:derivation digitize:ation digitise:ation distribute:ion drag:dragging emulate:ion
    enlarge:enlargement enrich:enrichment enroll:enrollment execute:execution finalize:ation finalise:ation forward:ing
    hyphenate:ion identify:identification increment:= indent:indentation intercept:ion
    interpret:ation invert:inversion launch:= maintain:maintenance modify:modification mount:ing
    notify:notification offload:ing organize:ation organise:ation paint:ing partition:ing polish:ing
    postpone:postponement preserve:preservation prioritise:ation quantify:quantification rank:ing
    randomise:ation reactivate:ion rearrange:rearrangement reassign:reassignment rebalance:ing recolor:ing redact:ion
    redraw:= refine:refinement refund:= reimburse:reimbursement relabel:relabeling remap:remapping renumber:ing
    replay:= reprint:= reprocess:ing resend:= reschedule:rescheduling reserve:reservation reshape:reshaping
    resubmit:resubmission retain:retention retrain:ing retrieve:retrieval reverse:reversal revise:revision rewind:=
    rewire:rewiring sample:sampling scan:scanning segment:segmentation settle:settlement shard:ing sharpen:ing
    shuffle:shuffling slice:slicing snapshot:= spellcheck:= subscribe:subscription synthesize:synthesis
    tabulate:ion transmit:transmission transliterate:ion watermark:= weigh:ing
    recover:recovery override:= promote:promotion redo:= substitute:substitution darken:ing brighten:ing
    lengthen:ing dim:dimming broadcast:= fold:ing
    normalise:ation parallelise:ation visualise:ation localise:ation serialise:ation tokenise:ation rasterise:ation
    synchronize:ation synchronise:ation deserialize:ation georeference:georeferencing typeset:typesetting
    stitch:ing"""
)
"""Verbs whose work is part of the title, each with its noun."""

SAME_STEM = {verb: noun for verb, noun in WORKS.items() if noun[:3] == verb[:3]}
"""Those that may be told of a thing itself: what does not shrink has no problem with a reduction."""

TAKEN_AWAY = _verbs(
    """hide:ing disable:ing turn_off:disabling switch_off:disabling mute:ing kill:removal nuke:removal ditch:removal
    rip_out:removal remove:removal delete:removal drop:removal get_rid_of:removal strip:removal revert:=
    strip_out:removal roll_back:rollback undo:reversal deprecate:ion prevent:ion uninstall:removal take_out:removal
    throw_out:removal eliminate:removal clear:ing phase_out:removal decommission:ing delete_all:removal
    erase:erasure revoke:revocation terminate:termination unpublish:ing unlink:ing unmount:ing detach:detachment
    evict:eviction quarantine:= omit:omission disallow:prevention suspend:suspension withdraw:withdrawal deactivate:ion
    throw_away:removal ignore:exclusion exclude:exclusion cut:= waive:waiver lift:ing rm:removal do_away_with:removal
    discard:ing dismiss:dismissal discontinue:discontinuation disconnect:ion scrap:removal axe:removal nix:removal
    abort:= demote:demotion ban:= unset:ing unregister:ing deregister:ing unsubscribe:ing unassign:ing unpin:ing
    unblock:ing unban:ing unlock:ing unmute:ing unhide:ing unfreeze:ing unarchive:ing unmerge:ing unload:ing
    unbind:ing unmap:ing untrack:ing unstage:ing unplug:ing unsend:ing"""
)
"""Verbs that take their object away: a title without their noun might say the opposite."""

STALE = word_set("unused deprecated legacy old dead stale obsolete duplicate redundant unnecessary temporary unneeded")
"""What is said of things that are to go: a title with one of these says so without "removal"."""

VERBS = {**THINGS, **WORKS, **TAKEN_AWAY}
VERB_STARTS = {verb.split()[0]: len(verb.split()) for verb in sorted(VERBS, key=lambda verb: verb.count(" "))}
"""What a verb begins with, and of how many words the longest of these is."""
SINGLE = {verb: noun for verb, noun in VERBS.items() if " " not in verb}
GERUNDS = {spelled(verb): verb for verb in [*SINGLE]}

NOUN_FIRST = word_set(
    """test cache log build design document filter process profile mock trace patch plan display list style format
    export import release structure model stream batch group scale schedule stub mask rate archive search query
    cover return match map index hash record print hook apply proxy push pull set get commit load upload download
    check review fork mirror toggle order link block host limit cap round tag log-in log-out sign-in sign-up opt-out
    clip reconcile classify calibrate interpolate transpose stitch denoise resample triangulate typeset
    seed merge sync retry autocomplete autosave deploy backup audit train plot
    scan rank sample segment forward launch mount polish paint partition shard slice
    snapshot refund reprint replay broadcast quarantine increment fold reserve reverse drag
    rewind watermark decrease deliver dim notify override
    cut lift abort ban scrap discard dismiss disconnect unlock unsubscribe unmute unblock unload rm"""
)
"""Verbs that may as well be the first noun of a name: without a lead they need an article or a name behind them."""

NOUNS_TOO = NOUN_FIRST | word_set(
    """deploy install update upgrade start crash sync merge rebase render restart change fix switch reset lint setup
    backup bump port rename move rewrite redesign cleanup retry delay purge flush support pin squash reconnect spin
    use audit count call like drop report miss conflict point drift block print trip fall stop turn flash post
    reply flip hold pick pause scroll zoom drag press transfer exit refresh reload fit store process flow trigger
    clip overflow leak timeout show queue respond dispatch
    slip tilt guess heat cool loop pay vote walk climb buzz
    track sound ring lock charge score live sleep boot wake fade spill stretch double draw focus"""
)
"""Verbs that are nouns as well, inside a name: what stands behind one must show that it is a verb."""

ASKING = word_set(
    """explain summarize walk explore look give understand describe show document investigate debug find figure check
    see tell know wondering idea diagnose verify teach curious clue"""
)
"""Verbs that a question may stand behind."""

SEARCHING = word_set("check search scan inspect audit review")
"""Verbs whose "for" is what is looked for, and no place of the thing."""

MENDING = word_set("fix debug investigate resolve check solve repair address look find see diagnose")
"""Verbs that a report of what is wrong may stand behind."""

DOES_MORE = word_set(
    """post reply forbid push flip open close hold pick choose pause resume play delete dismiss scroll zoom drag press
    confirm report like follow duplicate transfer enter leave join exit refresh reload call keep ensure avoid
    reflect fit look accept reject include ignore redirect fetch write store persist count decide determine process
    manage react interact communicate talk relate differ begin end recognize receive respond fire propagate flow
    travel combine queue dispatch route serve authenticate define overlap lag stutter jump jitter blink disappear
    vanish deadlock explode fail crash hang freeze flicker leak overflow timeout show appear trigger throw raise
    require expire corrupt break lose miss wait eat swallow spam flash overwrite double trip stay die time_out
    overshoot clip exceed bleed drift land fall steal need contain take make give go get say complain cut put skip
    print block sit creep happen use forget warn point mix conflict produce grow consume spin start stop turn come
    run render log hit bounce reset reconnect mention arrive round back subtract add prevent remember hover score beep
    burn spawn respawn vibrate refuse continue focus scrub bring proceed live sleep wake boot charge sound sing ring
    fade resolve chew choke stall segfault reboot misfire oscillate
    resign misread misplace mislabel miscount misjudge overcharge hallucinate wobble tilt slip wander dissolve
    guess heat cool infer inherit interrupt judge listen loop operate perform remind shut succeed vote walk pay climb
    buzz squeak rattle treat assume consider
    deny bloat shake spill stretch survive tell ask draw lock unlock sync"""
)
DOING = SINGLE.keys() | {verb.replace("_", " ") for verb in DOES_MORE}
DOING_NOW = {spelled(verb): verb for verb in DOING if " " not in verb}
"""What a thing is doing, and the verb: "eating"."""
DOES = {third(verb): verb for verb in [*DOING, *(verb.split()[0] for verb in VERBS)]}
"""What a thing does, and the verb: "returns", "crashes"."""

PAST = (
    {verb + ("d" if verb.endswith("e") else "ed"): verb for verb in DOING if not verb.endswith("y")}
    | {spelled(verb)[:-3] + "ed": verb for verb in DOING if not verb.endswith(("e", "y"))}
    | _verbs(
        """sent:send lost:lose kept:keep built:build written:write shown:show set:= hidden:hide thrown:throw run:=
        broken:break rebuilt:rebuild rewritten:rewrite reset:=
        overwritten:overwrite drawn:draw redrawn:redraw withdrawn:withdraw resent:resend held:hold paid:pay
        chosen:choose found:find read:= cut:= applied:apply copied:copy denied:deny"""
    )
)
"""What was done to a thing: "rejected"."""

HARMFUL = word_set(
    """overlap reject ignore lose drop skip overwrite swallow duplicate block miss leak corrupt break crash hang
    freeze flicker fail throw raise truncate clip overflow disappear vanish eat spam forget flash jump lag stutter
    jitter blink deadlock explode forbid double trip die overshoot exceed bleed drift conflict stop disconnect
    mangle timeout restart choke stall misfire close kill destroy"""
)
"""What a thing does that nobody wants, whatever its object is."""

WRONGED = word_set(
    """cut lost rejected ignored duplicated swallowed truncated dropped blocked skipped overwritten corrupted broken
    stuck swapped mangled missed hidden clipped cropped deleted removed stripped escaped doubled billed charged
    counted killed throttled shifted misaligned thrown delayed reset disabled delivered stretched squashed reversed
    interrupted aborted terminated evicted exhausted exceeded denied leaked exposed detached disconnected cancelled
    canceled inverted rotated"""
)
"""What is done to a thing that is a fault by itself."""

USED = {form: VERBS.get(verb) or spelled(verb) for form, verb in PAST.items() if verb != "relate"} | _verbs(
    """used:usage called:usage needed:usage referenced:usage stored:storage declared:declaration computed:computation
    calculated:calculation verified:verification loaded:loading tested:tests sent:sending set:setting built:build
    located:location defined:definition handled:handling created:creation
    resolved:resolution solved:solution merged:merging"""
)
"""What is asked of a thing in the passive: "where is the JWT validated"."""

MADE = word_set(
    """responsive friendlier nicer cleaner safer configurable optional faster async asynchronous bigger smaller sticky
    collapsible consistent accessible idempotent sortable searchable draggable resizable scrollable clickable
    editable reusable generic simpler clearer shorter wider narrower brighter darker readable robust thread-safe
    secure public private mandatory required nullable unique persistent dismissible deterministic mobile-friendly
    stricter fullscreen translatable testable modular lazy transparent visible stateless immutable multilingual
    strict bold case-insensitive"""
)
"""What a thing can be made: "make the date column sortable" is about the sortable date column."""

_FAULTS = _verbs(
    """overlap:= duplicate:duplication lag:= stutter:= jump:jumps jitter:= blink:ing disappear:disappearance
    vanish:disappearance timeout:= deadlock:= explode:explosion fail:failure crash:= hang:= freeze:= flicker:=
    leak:= overflow:= restart:restarts break:breakage drift:= overshoot:= stall:= segfault:= reboot:reboots
    misfire:= oscillate:oscillation"""
)
FAULT_NOUNS = {form: noun for verb, noun in _FAULTS.items() for form in (verb, third(verb), spelled(verb))}
"""What goes wrong, and its noun: "fails" is "failure"."""

INFINITIVES = DOING | word_set(
    """print copy paste click select hide allow press let have be do view go jump expand edit submit log create build
    change add remove convert transform help support rename back rotate export import make use reduce speed improve"""
)
"""Verbs behind "to"."""
