"""The English that the filter knows: its small words, what is generic, what goes wrong, and how names are spelled.

Every list is closed: a word that is in none of them may only be part of a name ("login button"). What is no part of a
name, and is not listed as something that may stand where it stands, makes the filter decline.
"""

from proxy.filters.titles.english.tables import word_set

POINTING = word_set("this that these those")
"""Words that mean something only to who sees what is pointed at."""

ARTICLES = word_set("a an the teh my our your their his her its")
DETERMINERS = ARTICLES | POINTING | word_set("several few some any all every each both more another which")

TURNING = word_set(
    """not no never without only instead except unless until neither nor none nothing nobody nowhere cannot rather
    hardly barely avoid excluding exclude besides dont doesnt didnt cant wont isnt arent wasnt werent shouldnt
    couldnt wouldnt hasnt havent stop stops unable"""
)
"""Words that turn the meaning of what stands beside them: none may be dropped."""

PREPOSITIONS = word_set(
    """in on of for from with to between across into onto at under per via as within during after before against behind
    by inside over through using about around among vs versus without upon since towards outside beyond above below
    near beside beneath"""
)
PRONOUNS = word_set(
    """it them everything something here there me us one ones he she they mine ours yours theirs this that these those
    itself anything same following"""
)
_CLAUSES = word_set(
    """that which who whose when whenever if because so while where since but then though although whether as until and
    or once cuz unless instead cause except like than needed used required called named including"""
)
SUBJECTS = word_set("i we it you he she they i'm im i've it's its there they're everyone nobody")
BREAKS = _CLAUSES | SUBJECTS
"""Words that begin another clause: a name may be cut before them."""

CONTRASTS = word_set("but yet however though although")
"""Words behind which a report says what is wrong, where what stands before them is well."""
WELL = word_set("work works worked working pass passes passed fine ok okay good")
"""What is well, so that the other clause says what is wrong."""
ALL_BUT = word_set("all everything anything nothing nobody none any every each no last one")

AUXILIARIES = word_set(
    "is are was were be been being am do does did have has had can could will would should may might"
)
DENIED = word_set(
    """isn't aren't wasn't weren't don't doesn't didn't haven't hasn't can't couldn't won't wouldn't shouldn't isnt
    arent wasnt dont doesnt didnt cant cannot wont not never hasnt havent couldnt stopped"""
)
VERBAL = word_set(
    """shall must gonna wanna gotta need needs needed want wants wanted lets let's let i'll i'd we're we've we'll you're
    you've that's there's here's what what's whats how why whom myself yourself ourselves themselves someone somebody
    everybody anyone others keeps gets goes makes takes does shows seems looks gives says happens got went made took
    threw crashed broke worked ran said gave looked happened became came left stayed sent began seem become keep make
    get ensure remember getting being having doing going giving making causing trying seeing saying called named
    supposed coming happen appear disappear say tell told think thought know believe guess hope wish becomes appears
    disappears returns throws fails breaks works means causes loses comes stays tells contains includes removes
    expects rejects accepts emits ignores sends allows leaves turns"""
)
ADVERBS = word_set(
    """again anymore still always often sometimes twice thrice now too also just even away together already yet maybe
    perhaps almost very really quite more less most least such soon later today tomorrow yesterday ago depending
    forever everywhere somewhere anywhere altogether apart yes yeah yep ok okay sure hi hello hey lol out off down
    either else like up please pls plz thanks thx super pretty totally randomly constantly suddenly currently live
    asap tbh imo"""
)
TRAILING = word_set("next back ahead aside alone along apart")  # adverbs behind a noun: "next to the title"
NO_NAME = PRONOUNS | AUXILIARIES | DENIED | VERBAL | ADVERBS | DETERMINERS | PREPOSITIONS | BREAKS | TURNING
"""No part of a name."""

NO_ADVERBS = word_set(
    """family assembly reply apply supply anomaly monthly weekly daily hourly nightly yearly quarterly early friendly
    multiply launchdarkly grammarly read-only"""
)
"""Words that end like adverbs of manner and are none."""

FOREIGN = word_set(
    """w zu der die das den dem ein eine einen und für mit nicht bitte ist zur zum auf wie warum ich wir le les des une
    dans pour est avec sur qui pas ne ce cette el los las una con por para como del il lo gli di che non per nella
    della het een van voor met niet de na jak nie prosze czy mein kar karo karna hai ko ka ki bhi bhai nahi yang dan
    untuk tidak dengan ini itu och att det som inte ikke og jeg siehe auch oder bei wenn dass kann noch wird sind hat
    aber nur von bis nach vom beim einem eines einer keine wo wann wieso sich schon mehr gibt soll muss mach mir uns
    welche quand un nao mais où cet ces leur nous vous sont au aux puis du ou cuando pero esta este estos donde hay muy
    sin sobre tiene hacer favor quiero puedes quando onde isso uma um os dos em ao mas tem fazer preciso quero sono
    questo questa perché anche dove fare bir ve bu için değil nasıl ile olan neden ada pada saya kenapa bisa tolong
    dari adalah się dlaczego oraz przy gdy co wat waar waarom hoe deze dit naar ook maar moet"""
) - word_set("die per in os do das du ada bin dit maar top co")

ASKING_ABROAD = word_set(
    """
    dodaj napraw popraw zrob zmien usun napisz stworz wyjasnij oprav pridej uprav vytvor napis smaz odstran
    pridaj vysvetli popravi napravi napisi ukloni izmeni ispravi obrisi stvori uredi preveri skriv fiks legg
    slett endre forklar tilfoj skapa fixa ladda korjaa lisaa poista kirjoita selita muuta paranda kirjuta ekle
    duzelt yaz olustur degistir acikla javitsd adauga repara scrie sterge creeaza modifica aggiungi correggi
    scrivi crea rimuovi spiega elimina cambia sistema sposta agrega anade arregla escribe borra explica mejora
    actualiza revisa corrige adiciona conserta escreva escreve remova crie cria mude ajoute corriger ajouter
    supprime ecris cree explique modifie behebe repariere schreibe schreib erstelle entferne fuege loesche
    erklaere aendere pruefe baue zeige schrijf voeg verwijder maak herstel tambah tambahkan perbaiki hapus buat
    buatkan ubah jelaskan lav gor bygg opprett sprav zaktualizuj kerro generuj ukaz wyswietl uprosc sprawdz
    przenies wyczysc rydd oppdater flytt bytt hent sjekk kolla uppdatera flytta opdater tjek opret erstatt
    zoptymalizuj zrefaktoryzuj presun zkontroluj skontroluj aktualizuj premenuj popisz"""
)
"""Verbs that ask in other languages, which the first word of a message may be, without their accents."""
ON = word_set("page pages screen dashboard site website homepage map button route routes endpoint endpoints card")
FOR = word_set("api cli client project repo repository users user app library package sdk team tool")

FAULTS = word_set(
    """dead slow broken flaky stuck blank empty wrong ugly outdated unresponsive laggy huge unreadable misaligned
    invisible inaccurate inconsistent stale flickering incomplete incorrect missing duplicated corrupted garbled
    truncated blurry red messy confusing big large heavy tiny lost noisy complicated gone unreliable janky undefined
    null full unavailable unreachable unstable insecure vulnerable swapped high low cropped mangled duplicate ignored"""
)
"""What a thing can be that is not well: "the build is slow" is about the slow build."""

GENERIC = word_set(
    """app application code project program thing things stuff page pages file files script site website system repo
    repository function functions method class bug bugs issue issues problem problems error errors test tests feature
    features change changes fix update review refactoring crash failure list check run explanation investigation
    draft improvement handling work task tasks lot way help idea ideas question questions debugging component part
    creation implementation addition option options cleanup line lines place places everything summary analysis
    removal case message messages approach solution logic plan comment comments pr prs branch commit commits output
    result results data new old last small first current latest simple better good quick version following above same
    different other own whole entire cases various existing next previous bit couple failing broken read overview
    usage big tool items item step steps values value internal smaller it text wrong info information setup reversal
    revert rename move conversion support behavior behaviour use time times name names minutes seconds hours days
    second third edit edits fixes modifications additions parts"""
)
"""Nouns and adjectives that name no particular thing: a title needs a word that is none of these."""

HOLLOW = word_set(
    """way ways thing things place places bit lot one reason reasons case cases example idea ideas problem issue
    question questions help point stuff something anything chance pair couple uses usages occurrences instances calls
    sense rest others work better best worse"""
)
"""Nouns that say nothing without what is left out behind them."""

AMOUNTS = word_set(
    """number amount set list kind type sort series bunch pair group state difference cause purpose meaning version copy
    part parts kinds sorts end start beginning top bottom side half subset implementation contents use size terms"""
)
"""Nouns that no owner can stand before: "the number of retries" is no retry number."""

SOFT = word_set(
    """technical new old small simple better good quick proper nice big little basic whole entire minimal clean tiny
    lightweight actual current existing own different various lovely cool full complete detailed extra
    separate single modern remaining last internal plain fancy"""
)
"""Adjectives that a title may leave out where it has no room for them."""

PLAIN_WORK = frozenset(
    """test run|tests run|change review|code review|branch review|commit review|version bump|pr review
    |repository overview|codebase overview|project overview""".replace("\n    ", "").split("|")
)
"""What is asked for so often that it needs no name."""

MADE_THINGS = word_set(
    """script query regex function component test tests endpoint migration dockerfile workflow hook parser bot page
    button toggle dialog modal form menu dashboard widget filter tooltip command flag option setting tab table chart
    column banner sidebar spinner icon badge field dropdown shortcut shortcuts support mode makefile helper module
    class plugin linter coverage scraper crawler client wrapper decorator middleware mock fixture fixtures template
    readme docs changelog cron job view screen logo animation export import upload search pagination validation
    authentication caching logging game app cli tool library package leak bug error warnings errors issue typo typos
    race regression deadlock crash mistake condition duplicates timeout links translations"""
)
"""Things that people ask for by their name alone."""

TROUBLES = word_set(
    """bug bugs leak leaks race error errors issue issues problem problems warning warnings typo typos deadlock
    deadlocks crash crashes timeout timeouts duplicates regression exception exceptions failure failures conflict
    conflicts bottleneck vulnerability condition mess"""
)
"""What somebody has who does not tell what there is, but what is wrong."""

NUMERALS = word_set("both two three four five six seven eight nine ten")
ENDLESS = word_set(
    """axios redis kubernetes postgres jenkins rails windows pandas canvas alias aws dns https js css tls os ios macos
    sass sales news lens series always chaos nexus settings docs metrics analytics permissions actions access status
    progress process address class pass credentials nodejs ops graphics axes"""
)
"""Words that end in "s" and keep it before another noun."""

ANYWHERE = word_set("project repo repository codebase app application code branch directory folder package")
"""What may be pointed at without a loss: the session is about it anyway."""

REPOSITORY = {"repo": "Repository", "repository": "Repository", "codebase": "Codebase", "project": "Project"}

NAMES = word_set(
    """ERD API APIs ISO UI UX CI CD AI ID IDs IDE URL URLs URI AWS GCP CLI GUI CPU GPU RAM OAuth SAML SSO ORM IO OS
    iOS macOS JWT UTF ASCII AST CSV JSON XML YAML TOML HTML CSS SQL HTTP HTTPS SSH TCP UDP DNS TLS SSL PDF PNG JPEG
    SVG DB S3 SDK FAQ PR PRs MR README SMTP IMAP GraphQL jQuery TypeScript JavaScript GitHub GitLab MySQL PostgreSQL
    Postgres MongoDB SQLite Redis Docker Kubernetes Python Django Flask FastAPI React Svelte Angular Vue Safari
    Chrome Firefox Windows Linux Android Tailwind Terraform Ansible Stripe Slack Google Spanish French German English
    Italian Japanese Chinese Celery Kafka RabbitMQ Elasticsearch Grafana Prometheus Sentry Webpack ESLint Vite Golang
    Java Kotlin Bash Jenkins Nginx Vercel Heroku Figma WebSocket WebSockets RSS GDPR VAT QR 2FA MFA YouTube Swedish
    Norwegian Danish Finnish Dutch Polish Portuguese Russian Korean Turkish Arabic Hebrew Hindi IBAN SKU LLM GPS USB
    NFC BLE IP SMS MIDI FLAC LED LEDs UART SPI I2C DMA PWA
    CMS CRM ERP KPI PII Arduino Raspberry Supabase Firebase Bluetooth Ubuntu Debian npm pnpm npx
    pip pytest kubectl tmux systemd jq CORS CSRF XSS CRUD gRPC OpenAPI DuckDB Jest Prettier TTL LRU EOF NaN DOM SEO
    WYSIWYG Excel Outlook SCSS WebP uv Poetry ruff mypy golangci-lint OpenSearch Rust MicroPython MapLibre Leaflet
    MQTT OTel Pydantic SQLAlchemy Rails Ruby Elixir Gradle Maven Bazel Vitest Mocha Cypress Playwright Storybook
    Swift SwiftUI Flutter Next.js Bun Deno Helm Godot Unity Blender Electron Tauri Discord Telegram Notion Jira
    Twilio Mailchimp Sendgrid Cloudflare Netlify Azure Datadog Tokio Axum Zod Prisma Drizzle tRPC Kibana Airflow dbt
    Spark Snowflake BigQuery iPad iPhone Apple ESP32 Europe Germany France HAProxy Traefik RBAC SSE MCP EKS ECS IAM
    VPC TUI UUID VSCode Xcode NestJS Laravel Symfony PHP PHPUnit RSpec Sidekiq Temporal Hetzner PyPI Dependabot Renovate
    Vim Emacs LSP WASM WebGL TV OAuth2 CSP"""
)
SPELLED = {name.casefold(): name for name in NAMES} | {"mongo": "Mongo", "mac": "Mac", "k8s": "Kubernetes"}
"""Names and abbreviations that people type in small letters."""
