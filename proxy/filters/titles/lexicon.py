"""The English that the filter knows: its small words, what is generic, and how names are spelled.

Every list is closed: a word that is in none of them may only be part of a name ("login button"). What is no part of a
name, and is not listed as something that may stand where it stands, makes the filter decline.
"""

from proxy.filters.titles.tables import word_set

POINTING = word_set("this that these those")
"""Words that mean something only to who sees what is pointed at."""

ARTICLES = word_set("a an the teh my our your their his her its")
DETERMINERS = ARTICLES | POINTING | word_set("some any all every each both more another")

TURNING = word_set(
    """not no never without only instead except unless until neither nor none nothing nobody nowhere cannot rather
    hardly barely avoid excluding exclude besides dont doesnt didnt cant wont isnt arent wasnt shouldnt couldnt wouldnt
    stop stops"""
)
"""Words that turn the meaning of what stands beside them: none may be dropped."""

PREPOSITIONS = word_set(
    """in on of for from with to between across into onto at under per via as within during after before against behind
    by inside over through using about around among vs versus without upon since"""
)

PRONOUNS = word_set("it them everything something here there me us one ones he she they mine ours yours theirs")
_SUBJECTS = word_set("i we it they you he she i'm im i've it's its there they're")
BREAKS = _SUBJECTS | word_set(
    """that which who whose when whenever if because so while where since but then though although whether as until
    and"""
)
"""Words that begin another clause: a name may be cut before them."""

_AUXILIARIES = word_set(
    """is are was were be been being am isn't aren't wasn't weren't do does did don't doesn't didn't have has had
    haven't hasn't hadn't can could will would shall should may might must can't couldn't won't wouldn't shouldn't
    gonna wanna gotta need needs needed want wants wanted lets let's let i'll i'd we're we've we'll you're you've
    that's there's here's what what's whats how why whom myself yourself itself ourselves themselves someone somebody
    anything everyone everybody anyone others"""
)
_ADVERBS = word_set(
    """again anymore still always often sometimes twice thrice now too also just even back away together already yet
    once maybe perhaps almost very really quite more less most least such soon later today tomorrow yesterday ago
    depending forever everywhere somewhere anywhere altogether apart yes yeah yep ok okay sure hi hello hey lol out off
    down either else like up please pls plz thanks thx"""
)
_FINITE = word_set(
    """keeps gets goes makes takes does shows returns throws fails breaks works needs wants says gives looks happens
    becomes appears disappears overlaps ignores allows causes loses seems comes leaves stays sends opens closes
    contains includes creates removes turns tells means expects emits rejects accepts got went made took showed
    returned threw crashed broke worked ran said gave looked happened became came left stayed sent began seem become
    keep make get ensure remember stopped getting being having doing going giving making causing trying seeing saying
    called named supposed coming came happen appear disappear say tell told think thought know believe guess hope
    wish"""
)
NO_NAME = PRONOUNS | _AUXILIARIES | _ADVERBS | _FINITE | DETERMINERS | PREPOSITIONS | BREAKS | TURNING
"""No part of a name."""

NO_ADVERBS = word_set(
    """family assembly reply apply supply anomaly monthly weekly daily hourly nightly yearly early friendly multiply
    launchdarkly grammarly assembly"""
)
"""Words that end like adverbs of manner and are none."""

FOREIGN = word_set(
    """der die das den dem ein eine einen und für mit nicht bitte ist zur zum auf wie warum ich wir le les des une dans
    pour est avec sur qui pas ne ce cette el los las una con por para como del il lo gli di che non per nella della het
    een van voor met niet de na jak nie prosze czy mein kar karo karna hai ko ka ki bhi bhai nahi yang dan untuk tidak
    dengan ini itu och att det som inte och ikke og jeg"""
) - word_set("die per")

ON = word_set("page pages screen dashboard site website homepage map button route routes endpoint endpoints card")
FOR = word_set("api cli client project repo repository users user app library package sdk team tool")

FAULTS = word_set(
    """slow broken flaky stuck blank empty wrong ugly outdated unresponsive laggy huge unreadable misaligned invisible
    inaccurate inconsistent stale flickering incomplete incorrect missing duplicated corrupted garbled truncated blurry
    red messy confusing"""
)
GENERIC = word_set(
    """app application code project program thing things stuff page pages file files script site website system repo
    repository function functions method class bug bugs issue issues problem problems error errors test tests feature
    features change changes fix update review refactoring crash failure list check run explanation investigation draft
    improvement handling work task tasks lot way help idea ideas question questions debugging component part creation
    implementation addition option options cleanup line lines place places everything summary analysis removal case
    message messages approach solution logic plan comment comments pr prs branch commit output result results data new
    old last small first current latest simple better good quick version following above same different other own whole
    entire cases various existing next previous bit couple failing broken read overview usage"""
)
"""Nouns and adjectives that name no particular thing: a title needs a word that is none of these."""

HOLLOW = word_set(
    """way ways thing things place places bit lot one reason reasons case cases example idea ideas problem issue
    question questions help point stuff something anything chance pair couple uses usages occurrences instances calls
    sense"""
)
"""Nouns that say nothing without what is left out behind them."""

AMOUNTS = word_set(
    """number amount set list kind type sort series bunch pair group state difference cause purpose meaning version
    copy part end start beginning top bottom side half subset implementation contents use size terms"""
)
"""Nouns that no owner can stand before: "the number of retries" is no retry number."""

PLAIN_WORK = frozenset(
    ("test run", "tests run", "change review", "code review", "branch review", "commit review", "version bump")
)
"""What is asked for so often that it needs no name."""

MADE_THINGS = word_set(
    """script query regex function component test tests endpoint migration dockerfile workflow hook parser bot page
    button toggle dialog modal form menu dashboard widget filter tooltip command flag option setting tab table chart
    column banner sidebar spinner icon badge field dropdown shortcut shortcuts support mode makefile helper module
    class plugin linter coverage scraper crawler client wrapper decorator middleware mock fixture fixtures template
    readme docs changelog cron job view screen logo animation export import upload search pagination validation
    authentication caching logging"""
)
"""Things that people ask for by their name alone."""

NUMERALS = word_set("two three four five six seven eight nine ten")
ENDLESS = word_set(
    """axios redis kubernetes postgres jenkins rails windows pandas canvas alias aws dns https js css tls os ios macos
    sass sales news lens series always chaos nexus settings docs metrics analytics permissions actions access status
    progress process address class pass"""
)
"""Words that end in "s" and keep it before another noun."""

ANYWHERE = word_set("project repo repository codebase app application code branch")
"""What may be pointed at without a loss: the session is about it anyway."""

REPOSITORY = {"repo": "Repository", "repository": "Repository", "codebase": "Codebase", "project": "Project"}

NAMES = word_set(
    """API APIs UI UX CI CD AI ID IDs IDE URL URLs URI AWS GCP CLI GUI CPU GPU RAM REST OAuth SAML SSO ORM IO OS iOS
    macOS JWT UTF ASCII AST CSV JSON XML YAML TOML HTML CSS SQL HTTP HTTPS SSH TCP UDP DNS TLS SSL PDF PNG JPEG SVG DB
    S3 SDK FAQ PR PRs MR README SMTP IMAP GraphQL jQuery TypeScript JavaScript GitHub GitLab MySQL PostgreSQL Postgres
    MongoDB SQLite Redis Docker Kubernetes Python Django Flask FastAPI React Svelte Angular Vue Safari Chrome Firefox
    Windows Linux Android Tailwind Terraform Ansible Stripe Slack Google Spanish French German English Italian Japanese
    Chinese Celery Kafka RabbitMQ Elasticsearch Grafana Prometheus Sentry Webpack ESLint Vite Golang Java Kotlin Bash
    Jenkins Nginx Vercel Heroku Figma WebSocket WebSockets RSS GDPR VAT QR 2FA MFA YouTube Swedish Norwegian Danish
    Finnish Dutch Polish Portuguese Russian Korean Turkish Arabic Hebrew Hindi IBAN SKU LLM GPS USB NFC BLE PWA CMS CRM
    ERP KPI PII Arduino Raspberry Supabase Firebase Bluetooth Ubuntu Debian npm pnpm npx pip pytest kubectl tmux
    systemd jq CORS CSRF XSS CRUD gRPC OpenAPI DuckDB Jest Prettier TTL LRU EOF NaN DOM SEO WYSIWYG Excel Outlook SCSS
    WebP uv Poetry ruff mypy golangci-lint OpenSearch Rust MicroPython MapLibre Leaflet MQTT OTel Pydantic SQLAlchemy
    Rails Ruby Elixir Gradle Maven Bazel Vitest Mocha Cypress Playwright Storybook Swift SwiftUI Flutter Next.js Node
    Bun Deno Helm Godot Unity Blender Electron Tauri Discord Telegram Notion Jira Twilio Mailchimp Sendgrid Cloudflare
    Netlify Azure Datadog Tokio Axum Zod Prisma Drizzle tRPC Kibana Airflow dbt Spark Snowflake BigQuery iPad iPhone
    Apple ESP32 Europe Germany France"""
)
SPELLED = {name.casefold(): name for name in NAMES}
"""Names and abbreviations that people type in small letters."""
