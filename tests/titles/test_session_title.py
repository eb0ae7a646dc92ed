"""Titles of sessions: what is certain, what is declined and why, and what holds for any text."""

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.filters.decline import Decline
from proxy.filters.titles.english import verbs, words
from proxy.filters.titles.session_title import LIMIT, session_title
from proxy.filters.titles.text.prose import LINES
from tests.cases import every

REQUESTS = {
    "we need a dry run flag on the winch cli asap": "Winch CLI dry run flag",
    "write a converter from NMEA to GPX for the archive": "Converter from NMEA to GPX",
    "Fix the login button on mobile": "Login button on mobile",
    "please fix the login button on mobile, it is too small": "Login button on mobile",
    "Hey Claude, could you add dark mode to the settings page?": "Dark mode on settings page",
    "Refactor the user service so that invoices are immutable": "User service refactoring",
    "refactor UserService to use dependency injection": "UserService refactoring with dependency injection",
    "upgrade React from 17 to 18": "React upgrade to 18",
    "migrate from webpack to vite": "Migration from Webpack to Vite",
    "rename handleStuff to submitQuote in the quote form": "handleStuff rename to submitQuote",
    "remove the check for empty names": "Empty name check removal",
    "revert the switch to pnpm": "Revert of switch to pnpm",
    "fix login not working on safari": "Login problem on Safari",
    "remove the unused css classes": "Unused CSS class removal",
    "drop the unused columns on the ledger table": "Ledger table unused column removal",
    "hide the footer on the login page": "Footer hiding on login page",
    "implement A* search for the drones": "A* search for drones",
    "port the tide parser to C#": "Tide parser port to C#",
    "make the date column sortable": "Sortable date column",
    "write a bash script to rotate logs": "Bash script to rotate logs",
    "add a `--since` option to puffin export": "--since option in puffin export",
    "set the request timeout to 30s": "Request timeout of 30s",
    "replace axios with fetch": "Axios replacement with fetch",
    "use pnpm instead of npm": "pnpm instead of npm",
    "check the server logs for errors": "Errors in server logs",
    "fix the build": "Build fix",
    "Do not add new dependencies. Write a debounce helper in lib/timing.ts": "Debounce helper in timing.ts",
    "there's a memory leak in the worker process, find it": "Memory leak in worker process",
    "increase the timeout of the payment client to 30 seconds": "Payment client timeout increase",
    "add paging with cursors to the audit feed, 50 rows each": "Audit feed paging with cursors",
    "add caching to GET /v1/tides (one minute)": "Caching for GET /v1/tides",
    "draw the orbit trails with a shader instead of line renderers": "Orbit trails with shader",
}
REPORTS = {
    # Without what tells them apart, the names and the rows say nothing.
    "search fails for names longer than 20 letters": "Search failure",
    "tooltips are missing on rows that are collapsed": "Missing tooltips",
    "users can't remove their own avatar": "Avatar removal problem",
    # Behind "always" a word in "s" is a verb.
    "the dog feeder occasionally dispenses double portions": "Dog feeder dispensing double portions",
    "the chess bot always resigns early": "Chess bot resigning early",
    # What is asked with a verb that may be a noun, of many things.
    "why does the search index drop old entries?": "Search index dropping old entries",
    "no idea why but ctrl+z in the score editor deletes the whole bar": "ctrl+z deleting whole bar",
    "not sure why but the lamp flickers on startup": "Lamp flicker on startup",
    # How far off, whole or not at all; a fault in something that tells it apart.
    "the tide height is off by a factor of ten": "Tide height problem",
    "the gps clock is off by a couple of seconds": "GPS clock off by seconds",
    "the forecast is empty for stations with a broken sensor": "Empty forecast",
    "some invoices have duplicate line items": "Duplicate line items in invoices",
    "the lock must open from both ends": "Lock opening from both ends",
    "admins should approve both invoices": "Admins approving both invoices",
    # What is wrong goes before whose it is.
    "the crane arm turns the wrong way past 90": "Crane arm turning wrong way",
    "the cash drawer cuts off the first digit of the total": "Cash drawer first digit cutoff",
    "tide predictions arrive as empty": "Empty tide predictions",
    "scale weights come in as negative": "Negative scale weights",
    "not able to upload avatars on safari": "Avatar upload problem on Safari",
    "the drawer doesn't open when you swipe": "Drawer opening problem",
    "fix the page loads twice on mobile": "Page loading twice on mobile",
    "Our users in Peru report that the phone field rejects short numbers": "Phone field rejecting short numbers",
    "[Bug]: Badge printer drops the surname": "Badge printer dropping surname",
    "the api returns wrong totals": "API returning wrong totals",
    # The verb keeps its stem.
    "why isn't the log shrinking": "Log shrinking problem",
    # The first noun of a name, and what one thing does: no request.
    "archive job skips empty folders": "Archive job skipping empty folders",
    "backfill worker skips empty folders": "Backfill worker skipping empty folders",
    "rename wizard loses the extension": "Rename wizard losing extension",
    "the kiosk printer drops lines after a restart": "Kiosk printer dropping lines",
    # What is said behind "but", and what is not in several words.
    "atlas opens but the harbour labels are missing": "Missing harbour labels",
    "the seating plan is upside down": "Seating plan upside down",
    "why is the kiosk so slow to wake": "Slow kiosk",
    "the tide ledger is off by 0.02 after the import": "Tide ledger off by 0.02",
    "kiosk crashes when docking": "Kiosk crash when docking",
    "the gate driver doesn't send the token": "Gate driver token sending problem",
    "the sluice pump won't turn on": "Sluice pump turn-on problem",
    "the sensor wont reconnect to the hub": "Sensor hub reconnect problem",
    "old charts no longer load": "Old chart loading problem",
    "the harbour map feels slow on android": "Slow harbour map on Android",
    "labels on the map are cut off at low zoom": "Map labels cut off",
    "figure out why the tide importer keeps timing out": "Tide importer timing out",
}
FRAMES = {
    "could you possibly rename the tide table": "Tide table rename",
    "can we perhaps cache the tide tiles": "Tide tile caching",
    "can you help me fix the tide tile cache": "Tide tile cache",
    "replace the manual vat table with an api": "Replacement of manual VAT table",
    "deliver reports for night shifts": "Report delivery for night shifts",
    "replace the pie chart with a bar chart on the tide page": "Pie chart replacement",
    "backups must not be overwritten": "No backup overwriting",
    "passwords shouldn't be logged": "No password logging",
    "make the star map work on tablets": "Tablet support in star map",
    "make the buoy flash async so that it never blocks": "Async buoy flash",
    "allow admins to merge two accounts": "Admins merging two accounts",
    "allow uploads up to 10 mb": "Uploads up to 10 mb",
    "block the ip asap": "IP blocking",
    "the mooring button does nothing on safari": "Mooring button problem",
    "the crane runs out of power under load": "Crane running out of power",
    # What a thing is to do, or not, and what is to become of it.
    "teach the sorter to accept accents": "Sorter accepting accents",
    "have the rota skip public holidays": "Rota skipping public holidays",
    "make the star map renderer use quadtrees instead of a flat list": "Quadtrees in star map renderer",
    "stop the sluice from locking at noon": "Sluice locking prevention at noon",
    "prevent the form from submitting twice": "Form submitting twice",
    "do not overwrite old charts when the import runs": "No old chart overwriting",
    "make it so that crew notes can be redacted before export": "Crew note redaction before export",
    "make it so admins can merge duplicate crews": "Admins merging duplicate crews",
    "dates need to be normalized": "Date normalization",
    "the logo should be removed from the footer": "Logo removal from footer",
    "wanna be able to drag shifts between decks": "Shift dragging between decks",
    "redact crew names in the export": "Crew name redaction in export",
    "resend the welcome email": "Welcome email resend",
    "replace the hand written tide parser with a generated grammar module": "Hand written tide parser replacement",
    # What else it might have been.
    "use fetch not axios": "Fetch instead of axios",
    "use a worker pool not threads for the thumbnailer": "Worker pool for thumbnailer",
    "use tabs rather than spaces in the kelp formatter": "Tabs in kelp formatter",
    "sort the crew by rank and not by name": "Crew sorting by rank",
    "show prices in euros, not dollars": "Prices in euros",
    # Tests of what they cover, a review of changes, what a tool does in one noun.
    "add integration tests that cover the seat booking flow": "Seat booking flow integration tests",
    "do we have tests that cover the export?": "Tests for export",
    "review my edits to the crew rotation planner": "Crew rotation planner edit review",
    "give me a cli flag to skip the tide warmup step": "Tide warmup step skipping flag",
    "write a tool to merge two csv files by station id": "CSV file merge tool",
    "flaky test: test_tide_rounding": "Flaky test test_tide_rounding",
    # A word before an article is a verb, whatever it is, unless it carries no work of its own.
    # The first noun of a name, and no verb.
    "hook that blocks large commits": "Hook for large commit blocking",
    "seed script for the sandbox account": "Seed script for sandbox account",
    "help me resolve merge conflicts in yarn.lock": "Merge conflicts in yarn.lock",
    "rate limits per tenant": "Rate limits per tenant",
    "sync errors in the mobile client": "Sync errors in mobile client",
    "search crashes on empty query": "Search crash on empty query",
    # What a thing is to do stays whole; what is counted is what becomes more or less.
    "add a hotkey to toggle the side panel": "Hotkey to toggle side panel",
    "reduce the number of round trips in the tide client": "Tide client round trip reduction",
    "add some kind of throttle to the login form": "Throttle in login form",
    "encrypt the crew notes at rest": "Crew note encryption at rest",
    # What completes a verb or a preposition stays.
    "wrap the db calls with a timeout": "DB call wrapping with timeout",
    "find the regression between v2.3 and v2.4": "Regression between v2.3 and v2.4",
    "compare axum vs actix for our gateway": "Axum vs actix for gateway",
    # A heading that asks goes before a report below it.
    "## Replace the sorter with a heap\n\nThe sorter ignores the locale.": "Sorter replacement with heap",
    "smooth the zoom animation": "Zoom animation smoothing",
    "create a script that backs up the db every night": "Script for DB backup",
    "turn the pricing table into a react component": "Pricing table to React component",
    # Whom it is for is no place, and a form's own name is none of what is in it.
    "@agent-archivist write golden tests for the tide parser": "Golden tests for tide parser",
    "@copilot, can you add a retry to the uploader": "Retry in uploader",
    "@Makefile add a lint target": "Lint target in Makefile",
    "Feature request\n\nPlatform: tablet\nWanted: night mode for the tide chart": "Night mode for tide chart",
    "would you mind cleaning up the crew fixtures": "Crew fixture cleanup",
    "script that renames scans by date": "Script for scan rename",
    "tide generator that runs offline": "Tide generator",
    "don't touch the solver, just fix the buoy jitter": "Buoy jitter",
    "are we affected by CVE-2030-1234?": "CVE-2030-1234 exposure",
    "borrow error in tide.rs line 40": "Borrow error in tide.rs",
    "reproject all tide rasters": "Tide raster reprojection",
    "add pls a confirmation dialog before bulk delete": "Confirmation dialog before bulk delete",
    "add docstrings to all public functions in geo.py": "Docstrings in geo.py",
    "missing translations in the german locale": "Missing translations in German locale",
    "new page for team invitations": "New page for team invitations",
    "who calls deleteTenant()?": "deleteTenant() callers",
}
QUESTIONS = {
    "how come the ticket gate rejects day passes": "Ticket gate rejecting day passes",
    "explain how conflicts are resolved in the merge driver": "Conflict resolution in merge driver",
    "how does the lease renewal lock work across two replicas": "Lease renewal lock",
    "explain how caching works": "Caching explanation",
    "how do we handle retries in the consumer": "Retry handling in consumer",
    "what does this repo do?": "Repository overview",
    "what is the difference between map and flatMap?": "Difference between map and flatMap",
    "why is the build so slow on windows": "Slow build on Windows",
    "why does getTotal return NaN for empty carts": "getTotal returning NaN",
    "where is the webhook signature verified": "Webhook signature verification",
    "the deploy job fails on staging": "Deploy job failure on staging",
    "login is broken on Safari 17": "Broken login on Safari 17",
}
THINGS = {
    # No frame fits, and the thing that the sentence is about is told apart: its title is thin, and true.
    "Webpack build needs 9 minutes": "Webpack build",
    "release notes for 2.4": "Release notes for 2.4",
    "the bell icon doesn't show unread messages": "Bell icon problem",
    "the gantt view is super slow w/ 2k tasks": "Slow gantt view",
    "the chess clock is off by a minute since dst": "Chess clock off by minute",
    "audit log should record who changed the dosage": "Audit log",
    "put the side panel toggle back": "Side panel toggle",
    "give each crew a colour of its own": "Own colour for each crew",
    "make the enemies drop coins when they die": "Enemies dropping coins",
    "i want the map to remember the zoom level": "Map remembering zoom level",
    "don't show the banner on mobile": "No banner showing on mobile",
    "never drop columns in this migration": "No column removal in migration",
    "avoid floats in the ledger": "No floats in ledger",
    "never log the authorization header": "No authorization header logging",
    "see if the prod queue is empty": "Prod queue check",
    "do the kiosks need a static ip?": "Static IP in kiosks",
    "stop writing tokens to the debug log": "No tokens in debug log",
    "the popover should close on escape": "Popover closing on escape",
    "the thumb strip isnt updating after crop": "Thumb strip update problem",
    "the heap keeps growing in the api": "Heap growing in API",
    "which tests cover the coupon parser?": "Coupon parser tests",
    "which env vars does the worker read": "Worker env vars",
    "does anything still import from src/legacy": "src/legacy imports",
    "fix a bug where dates are off by a day": "Dates off by day",
    "get the docs build working again": "Docs build",
    "build a small CLI called `shelf` for my books": "shelf CLI for books",
    "create a chrome extension that hides shorts": "Chrome extension for short hiding",
    "You are a senior engineer. Your task is to design and implement a rate limiter in Go.": "Rate limiter in Go",
    "The label editor is broken. Move the canvas code into its own module first.": "Broken label editor",
    "ERR_CERT_INVALID on the login page after the proxy change": "ERR_CERT_INVALID on login page",
    "are the dumps encrypted?": "Dump encryption",
    "export orders to csv": "Order export to CSV",
    "check whether our cookies have the secure flag": "Cookie check",
    # A noun behind a verb that is one as well makes a name.
    "reset button for the filter bar": "Reset button for filter bar",
    "rename OrderLine to LineItem everywhere incl. the db": "OrderLine rename to LineItem",
    "why would a webhook fire twice": "Webhook firing twice",
    "rm the dead feature flags": "Dead feature flag removal",
    "make Settings a frozen dataclass": "Frozen dataclass for Settings",
    "I'd like a cli flag to skip the cache": "CLI flag to skip cache",
    "We have a bug in production: invoices show the wrong currency": "Invoices showing wrong currency",
    "why did the build break": "Build breakage",
    "no sound on ios when the phone is locked": "No sound on iOS",
    "replace the hand rolled validation with zod": "Replacement of hand rolled validation",
    "replace raw sockets in the tracker with grpc": "Raw socket replacement with gRPC",
}
REFERENCES = {
    "review PR #237": "PR 237 review",
    "https://github.com/acme/widgets/pull/42": "widgets PR 42",
    "review https://github.com/acme/widgets/pull/42 please": "widgets PR 42 review",
    "write an e2e test for https://github.com/acme/trailhead/issues/729": "e2e test for issue 729",
    "rebase #640 onto main but keep the two fixup commits apart": "#640 rebase onto main",
    "OPS-1417": "OPS-1417 ticket",
    "OPS-1417: rotate the signing certs": "OPS-1417 signing cert rotation",
    "https://acme.atlassian.net/browse/CORE-9 please look into it": "CORE-9 ticket",
    "https://github.com/acme/widgets/discussions/77": "widgets discussion 77",
    "https://gitlab.com/acme/core/-/merge_requests/93": "core MR 93",
    "regarde la PR #212 stp": "PR 212",
    "work on SHOP-12: show the delivery date in the cart": "SHOP-12 delivery date in cart",
    "@src/api/client.ts add support for retries": "Support for retries in client.ts",
    "@src/app.py explain the sorting algorithm": "Sorting algorithm in app.py",
    "/home/bob/web/src/app.py fix the sorting bug": "Sorting bug in app.py",
}
COMMANDS = {
    "/housekeeping": "/housekeeping command",
    "/review 123": "/review 123",
    "/tools:backport 1187 to release-2.x\n\nBackport a change.": "/backport 1187 to release-2.x",
    "<command-message>x</command-message><command-name>/fix</command-name><command-args>issue 12</command-args>": (
        "/fix issue 12"
    ),
}
WRAPPED = {
    "I'm writing a ferry planner. The map works. Please add a legend to the map.": "Legend on map",
    "# AGENTS.md\n\nUse `make check`.\n\n# Task\n\nAdd a depth column to the soundings": "Depth column in soundings",
    "### What's Wrong?\nthe buoy icons are upside down\n\n### What Should Happen?\nthey point north": (
        "Buoy icons upside down"
    ),
    "## User story\nAdd a legend to the map": "Legend on map",
    "<system-reminder>be nice</system-reminder>fix the cart total rounding": "Cart total rounding",
    "<setup>You work in /Users/me/x.</setup>\n\nfix the cart total rounding": "Cart total rounding",
    "[Image #1] fix the cart total rounding": "Cart total rounding",
    "Implement the following plan:\n\n# Plan: Structured errors in `loamctl`\n\n## Why\n\nIt is time.": (
        "Structured errors in loamctl"
    ),
    "why??\n\nTypeError: x\n    at draw (/home/me/web/src/chart.ts:12:20)": "TypeError in chart.ts",
}
NOT_SEEN = "no request was recognised in it"
UNCLEAR = "what is asked for was not understood to its end"
TURNED = "a word that turns the meaning would be lost"
POINTS = "it points at something that it does not name"
SEVERAL = "it asks for several things"
NOTHING = "what is asked for names nothing by itself"
TOO_LONG = "what is asked for is too long for a title"
MIXED = "it is not in plain English alone"
LOST = "a name in it would be lost"
DECLINED = {
    # What is refused is no name without that word.
    "make sure names over 50 chars are rejected": NOT_SEEN,
    # A verb and its object are no name, whatever they are for.
    "scan uploads for viruses": NOT_SEEN,
    "rank crews for the league": NOT_SEEN,
    "both sensors report zero": NOT_SEEN,
    # What must not be is no problem, and what need not be is none either.
    "make it so the crew can't delete their own admin account": NOT_SEEN,
    "make it so that the lease doesn't expire": NOT_SEEN,
    "crew notes need not be saved": NOT_SEEN,
    "deck hands don't need to be notified": NOT_SEEN,
    "backups must not be overwritten when the import runs": NOT_SEEN,
    # What is to go at times only, whom it is kept from, and what is asked to be done.
    "the banner should be hidden when the user is a guest": UNCLEAR,
    "stop the bot from replying to itself": UNCLEAR,
    "stop admins from deleting invoices": NOT_SEEN,
    "stop the hatch from locking before it": UNCLEAR,
    "the harbour banner should be hidden when the user is a guest": UNCLEAR,
    "make it so users can't delete their own notes": NOT_SEEN,
    "stop emails from landing in spam": NOT_SEEN,
    "have the crawler respect robots.txt": NOT_SEEN,
    "the kiosk sleeps at night": NOT_SEEN,
    "have the report emailed": UNCLEAR,
    "guests always happy with breakfast": NOT_SEEN,
    "drag handles on cards": NOT_SEEN,
    "the fan is controlled by a script in the cabin": NOT_SEEN,
    # What is so is no report, and what many projects have is no title without its fault.
    "our boats have a gps tracker in the mast": NOT_SEEN,
    "our cron job that mails the roster ran twice": NOT_SEEN,
    "the export job ran twice": NOT_SEEN,
    "labels end up upside down": NOT_SEEN,
    # No alternative: another place, more, and doubt.
    "show the map on phones, not only tablets": TURNED,
    "update the docs, not sure where they live": TURNED,
    "save drafts locally rather than on the server": TURNED,
    "": "there is too little text",
    "a\n" * LINES: "it is too long to be read here",
    "x" * (LIMIT + 1): "it is too long to be read here",
    # No request, or none that is whole.
    "yes do it": NOT_SEEN,
    "hey, are you there?": NOT_SEEN,
    "show a toast when the upload finishes": UNCLEAR,
    "check the image for known holes": UNCLEAR,
    "search the tide client for dead code": UNCLEAR,
    "review the auth module for race conditions": UNCLEAR,
    "ORA-01234: too old": NOT_SEEN,
    "why does this helper only work on linux and not on windows?": POINTS,
    # Negations, and what else turns the meaning.
    "do not use any orm in the reports module": NOT_SEEN,
    "login is not broken on safari": NOT_SEEN,
    "the deploy job never fails": NOT_SEEN,
    "the tide login may not work on safari": NOT_SEEN,
    "fix chart renders but the axis labels are missing": TURNED,
    "i think the lease never expires, can you look": NOT_SEEN,
    "i guess the sync never times out": NOT_SEEN,
    "the simulator won't come up:\n\nadb: device offline": NOT_SEEN,
    "upgrade the runner 18 -> 22": "a sign in it is not understood",
    "When a guest is checked out the room should be cleaned automatically. Nobody does it today.": NOT_SEEN,
    "would it be possible to have the logs archived every night?": UNCLEAR,
    "nothing happens when i drop a file onto the upload zone": NOT_SEEN,
    "update the header but not on the login page": TURNED,
    # What names nothing.
    "fix this": POINTS,
    "explain this function": POINTS,
    "the sums are still wrong after your change": POINTS,
    "fix the bug": NOTHING,
    "can you do it the other way": NOT_SEEN,
    # No verb that is known; nothing is named behind it; or it counts under a condition alone.
    "outside the office it fails": NOT_SEEN,
    "whatever the reason": NOT_SEEN,
    "mgirate the queue to kafka": NOT_SEEN,
    "flip the thing": NOTHING,
    "hide prices when the user is a guest": UNCLEAR,
    # A statement that reports no fault.
    "our app has nine steps": NOT_SEEN,
    "the third phase is finished": NOT_SEEN,
    # What happens is no fault by itself, or its object would be cut.
    "the crawler visits every page twice a day": NOT_SEEN,
    "the signup email never arrives": NOT_SEEN,
    "1 in 50 requests returns 502": NOT_SEEN,
    # A report, and then a request for something else; what was before.
    "So I got a new laptop. Now everything is slow.": NOT_SEEN,
    "the mail is missing the total": NOT_SEEN,
    "the scanner fails to read damaged codes": UNCLEAR,
    "fix the tooltip that covers the button": UNCLEAR,
    "fix race between upload and delete": UNCLEAR,
    "there's a timing conflict between the autosave job and the manual save button": TOO_LONG,
    # A verb or a noun, and what completes it.
    "what's the path from the button click to the db row": TOO_LONG,
    # A head that says nothing by itself, and its complement or purpose would be cut.
    "update part of the docs": NOTHING,
    "add a panel button to approve late arrivals": TOO_LONG,
    "add a tray action to stamp lab results": UNCLEAR,
    "refactor the parts of the mailer that send receipts": UNCLEAR,
    # No head at all: participles, adjectives, adverbs.
    "whats kept in the session cookie": UNCLEAR,
    "what is written to the audit table on logout": UNCLEAR,
    "what's new in the tide client": UNCLEAR,
    "show the totals next to the table title": UNCLEAR,
    # Questions of two words.
    "how come so": NOT_SEEN,
    "what if the tide worker crashes": NOT_SEEN,
    "how often is the tide cache flushed": NOT_SEEN,
    # The first of two verbs is no request, and a narrower object is another one.
    "go through the harbour modules and find the ones without tags": SEVERAL,
    "delete all trips older than a year": UNCLEAR,
    "prevent crews from booking past dates": UNCLEAR,
    "make the logo bigger and the slogan smaller": SEVERAL,
    "I need a python script. It should read the roster.": NOTHING,
    # Other languages.
    "не открывается страница оплаты": MIXED,
    "welche datei startet denn den worker?": MIXED,
    "帮我看下这个问题": MIXED,
    "fix the login button für mobile": MIXED,
    # Names that would be lost, and what must not be shown.
    "fix the sorting bug, it is in app.py": LOST,
    "see https://example.com/spec and implement the check": "a link stands in it",
    "use password hunter2 for the test user": "a secret or an id stands in it",
    "update JIRA-12 and close JIRA-13": LOST,
    "rotate the key sk-ant-REDACTED now": "a secret or an id stands in it",
    "what's wrong with DATABASE_URL=postgres://app:pw@db/kelpie": "a sign in it is not understood",
    # Templates, logs, several things.
    "You are an expert engineer.": "it begins with a template or another program's words",
    "looks fine": NOT_SEEN,
    "option b": NOT_SEEN,
    "ensure that ids are never reused": NOT_SEEN,
    "every flush happens on another thread": NOT_SEEN,
    "print dates according to region": NOT_SEEN,
    "write a small python tool that watches a folder and uploads new files": UNCLEAR,
    "Warning: Each child in a list should have a unique key": NOT_SEEN,
    "the receipt rounds prices wrong": NOT_SEEN,
    "the header is not sticky anymore": NOT_SEEN,
    # Nothing in particular: a time, and what stands in a list of tasks.
    "each time i open the editor it flickers": NOT_SEEN,
    "a few things:\n- add a clock\n- fix the tide table\n- drop the banner": NOT_SEEN,
    "This session is being continued from a previous one.": "it begins with a template or another program's words",
    "me@laptop api $ kubectl logs deploy/api": NOT_SEEN,
    "<task-notification><status>done</status></task-notification>": "there is too little text",
    "- fix the header\n- add a footer": SEVERAL,
    "replace the logo, fix the footer address, and add a phone number": SEVERAL,
    "/clear": "a command of the client's own names nothing",
    "replace the hand written tide station import queue with Celery": TOO_LONG,
    # What somebody is at, or no longer wants, is no request.
    "I'm writing a ferry planner as a hobby. It lacks a legend of any kind.": POINTS,
    "Wrote a small tide compiler for a course. The parser works. It crashes on loops.": NOT_SEEN,
    "forget the legend, today it's the berths: ships should wait there": NOT_SEEN,
    # A code of an error is no ticket, a shout and a letter are no name.
    "PLS-201 again": NOT_SEEN,
    "HULL-0042": NOT_SEEN,
    "LOGIC ERROR OCCURRED in the tide importer": NOT_SEEN,
    "export failure in IGZ0020E": NOT_SEEN,
    "implement B": NOTHING,
    # A verb and its object are no name.
    "Hash passwords with argon2": NOT_SEEN,
    "Report errors in ErrorBoundary.tsx": NOT_SEEN,
    # What is not to be done is lost without its verb, or its place.
    "never cache tide responses at the edge": NOT_SEEN,
    "avoid calling the tide api": NOT_SEEN,
    # A clause is no name, whatever stands behind it; what is wrong is said behind "but".
    "siren works": NOT_SEEN,
    "the siren starts, the lamp stays off": NOT_SEEN,
    "the sluice opens but the gauge is frozen": NOT_SEEN,
    "why does the gate open but the lamp never shows": TURNED,
    "the buoy label is too far left": NOT_SEEN,
    "the boom moves but jerks near the stop": NOT_SEEN,
    "bug that crashes the planner": NOT_SEEN,
    "filter stage drops samples": NOT_SEEN,
    # What is to be off at times is not to be off.
    "turn off the deck lamp at night": UNCLEAR,
    "disable the depth alarm while docking": UNCLEAR,
    # Behind a file, a word that may be a verb; an agent, or a name; a form's own name.
    "buoy.c recalibrate at boot": NOT_SEEN,
    "@Scheduled methods never run": UNCLEAR,
    "Bug report": NOTHING,
    "Support request": NOTHING,
    # Words that many languages have.
    "napraw parser GPX": MIXED,
    "vyladi parser logu": NOT_SEEN,
    "triage issues #40 to #55": SEVERAL,
    "triage issues #40 through 55": SEVERAL,
}


@every(
    ("text", "title"),
    [
        pair
        for group in (REQUESTS, REPORTS, FRAMES, QUESTIONS, THINGS, REFERENCES, COMMANDS, WRAPPED)
        for pair in group.items()
    ],
)
def test_what_is_certain_has_a_title(text: str, title: str) -> None:
    assert session_title(text) == title


@every(("text", "reason"), DECLINED.items())
def test_what_is_not_certain_is_declined_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(Decline) as caught:
        session_title(text)
    assert caught.value.reason == reason


def test_older_clients_have_room_for_seven_words() -> None:
    text = "replace the hand written tide station import queue with Celery"
    with pytest.raises(Decline):
        session_title(text)
    long = "add a loading spinner to the search results page"
    assert session_title(long) == "Search results page loading spinner"
    assert session_title(long, 7) == "Loading spinner on search results page"


def says_no_deed(title: str, text: str) -> bool:
    """Whether a title names the thing alone: neither a verb of the text nor its noun stands in it."""
    said = title.casefold().split()
    deeds = {verb for verb in verbs.VERBS if re.search(rf"(?:never|n't|not|no|nobody|nothing|without) {verb}\b", text)}
    return not any(verb in said or (verbs.VERBS[verb] in said and verbs.VERBS[verb]) for verb in deeds)


@every(
    "negation", ["not", "don't", "never", "no", "cannot", "doesn't", "without", "nobody", "nothing", "isn't", "can't"]
)
@every("rest", ["open the payment page", "upload avatars on safari", "cache the 4xx responses"])
def test_no_message_that_begins_with_a_negation_is_turned_round(negation: str, rest: str) -> None:
    for text in (f"{negation} {rest}", f"we {negation} {rest}", f"please {negation} {rest}"):
        title = title_or_none(text)
        assert title is None or "problem" in title or title.startswith("No ") or says_no_deed(title, text), text


@every("text", [text for text in (*REQUESTS, *QUESTIONS) if not re.search(r"[Nn]ot |so that|\bit\b", text)])
def test_a_word_that_turns_the_meaning_is_in_the_title_or_there_is_none(text: str) -> None:
    """Wherever it stands in a request that has a title without it."""
    words = text.split()
    for turning in ("not", "never", "no", "without", "only", "don't", "except", "unless", "instead", "nobody"):
        for at in range(len(words) + 1):
            said = " ".join([*words[:at], turning, *words[at:]])
            title = title_or_none(said)
            is_said = title is None or turning in title.casefold() or "problem" in title or title.startswith("No ")
            is_said = is_said or (turning in ("never", "don't") and says_no_deed(str(title), said))
            # "with a shader instead of line renderers" is still with a shader.
            assert is_said or "instead of" in said, (said, title)


PATHS = [
    "/home/bob/acme/app.py",
    "~/acme/app.py",
    "/Users/bob/acme",
    "../acme/app.py",
    "/tmp/bob/acme.log:12",
    "me@host:/srv",
]


@every("path", PATHS)
@every("marks", ["{}", "`{}`", '"{}"', "'{}'", "(`{}`)", "`cd {}`", "@{}"])
@every("frame", ["fix the parser in {}", "{} fix the parser", "read {}", "review {} please", "/review {}"])
def test_no_path_shows_what_stands_before_its_last_part(path: str, marks: str, frame: str) -> None:
    title = title_or_none(frame.format(marks.format(path))) or ""
    assert not re.search(r"bob|home|Users|me@|host|~|/(?!review)", title)


def test_blocks_of_the_client_do_not_hide_the_request() -> None:
    block = "<system-reminder>" + "long text " * 900 + "</system-reminder>"
    assert session_title(block + "fix the cart total rounding") == "Cart total rounding"


@pytest.mark.parametrize(
    "unit",
    [
        "<system-reminder>",
        "```",
        "(",
        "a",
        "a/",
        "a ",
        "[x](",
        "**",
        "at ",
        "あ",
        "{",
        "_a",
        '"',
        "E" * 99,
        " ",
        "fix the ",
        "a.b ",
        "a\n",
        "1\n",
        "KeyError: x\n",
        "x: y: ",
        " w ",
        "0/1 a-b ",
        "Type: x\n",
        "a  b  c\n",
    ],
)
def test_the_longest_message_takes_milliseconds(unit: str) -> None:
    text = (unit * LIMIT)[:LIMIT]
    took = min(_timed(text) for _ in range(3))
    assert took < 0.02


def _timed(text: str) -> float:
    start = time.perf_counter()
    title_or_none(text)
    return time.perf_counter() - start


NAMES = ["app.py", "src/lib/parse_config.ts", "getUser", "#123", "PROJ-42", "--verbose", "v1.2.3", "TypeError", "a_b"]
WORDS = [
    "fix",
    "add",
    "the",
    "login",
    "please",
    "because",
    "in",
    "and",
    "without",
    "not",
    "why",
    "is",
    "how",
    "works",
    "button",
    "when",
    "to",
    "use",
    "remove",
    "from",
    "slow",
    "für",
]
MARKS = [
    " ",
    "  ",
    "\n",
    ", ",
    ". ",
    "! ",
    " - ",
    "```\n",
    "\n```",
    " (",
    ") ",
    "`",
    "**",
    "\n# ",
    "\u202e",
    "<b>",
    "'",
]
MESSAGES = st.lists(st.tuples(st.sampled_from([*NAMES, *WORDS]), st.sampled_from(MARKS)), max_size=20).map(
    lambda pairs: "".join(word + mark for word, mark in pairs)
)
ANY_TEXT = st.one_of(st.text(max_size=200), MESSAGES, st.text(alphabet="<>/`*#_[]() \n.:abeA1\"'-@=", max_size=200))


def title_or_none(text: str, most: int = 5) -> str | None:
    try:
        return session_title(text, most)
    except Decline:
        return None


@given(ANY_TEXT, st.sampled_from([3, 5, 7]))
def test_any_text_gives_a_short_line_or_declines(text: str, most: int) -> None:
    title = title_or_none(text, most)
    if title is None:
        return
    assert title == title.strip()
    assert 2 <= len(title.split()) <= most
    assert len(title) <= 64
    assert title.isprintable()
    assert not set(title) & set('<>=\\@"{}|')
    assert title[-1] not in ".,;:!?"
    assert title_or_none(text, most) == title


LEADS = ["", "hi,", "can you", "i want to", "let users", "make sure", "we can't", "why does", "how is", "title:", "no"]
WANTS = ["", "there is", "we need", "i'm getting", "where is", "what's wrong with", "users report that", "make"]
SMALL = [*sorted(words.NO_NAME | verbs.DOES.keys() | words.FAULTS | words.GENERIC), *WORDS, *NAMES, ",", ":", "."]


@given(
    st.tuples(*map(st.sampled_from, (LEADS, WANTS, sorted(verbs.VERBS)))),
    st.lists(st.sampled_from(SMALL), max_size=8),
    st.integers(3, 7),
)
@example(("make sure", "", ""), ["every", "yours", "on"], 5)
@example(("", "", "re-enable"), ["for", "each", "change", "to", "app.py"], 7)
def test_any_words_of_the_tables_give_a_title_or_decline(asked: tuple[str, ...], behind: list[str], most: int) -> None:
    for begins in range(3):
        title = title_or_none(" ".join([*asked[begins:], *behind]), most)
        assert title is None or 2 <= len(title.split()) <= most


@given(MESSAGES)
@example("TypeError  app.py'#123  app.py ")
def test_names_in_a_title_come_from_the_message(text: str) -> None:
    title = title_or_none(text) or ""
    for name in re.findall(r"[#-]*[\w.-]*(?:[a-z][A-Z]|[._#\d])[\w.-]*", title, re.ASCII):
        assert name in text.replace("\u202e", "").replace("**", "")
