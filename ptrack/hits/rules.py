"""The rules that tell who requested a pixel, as data.

A rule states a fact about a client and names the public source of that fact. The tables
are asked in the order of this module, and the first rule that applies decides; the module
``judgement`` asks them. No rule guesses: what fits both a person and a machine is unknown.
"""

from __future__ import annotations

import re
from datetime import timedelta

from .kinds import HitKind, Rule

#: Between rendering and opening, an email is sent, delivered and fetched, which takes longer
#: than this. Whoever requests its image sooner does so ahead of the reader.
SOONEST_OPEN = timedelta(seconds=2)


def _named(kind: HitKind, source: str, *names: str) -> list[Rule]:
    """Return a rule for each of the names, in upper or lower case."""
    return [Rule(kind, re.escape(name), f'user agent contains "{name}"', source) for name in names]


def _like(kind: HitKind, source: str, pattern: str, reason: str) -> list[Rule]:
    return [Rule(kind, pattern, f"user agent {reason}", source)]


def _exactly(kind: HitKind, source: str, agent: str, client: str) -> list[Rule]:
    return [Rule(kind, rf"\A(?-i:{re.escape(agent)})\Z", f"user agent is exactly that of {client}", source)]


PERSON, PROXY, PREFETCH, SCANNER, UNKNOWN = HitKind

#: Headers with which a client says that it fetches something ahead, and the words it uses.
#: Sources: Chromium's preloading_headers.cc; MDN, Sec-Purpose; instantpage/instant.page
#: issue 63 (Purpose, X-Moz); arp242/isbot, Prefetch() (X-Purpose).
PREFETCH_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
PREFETCH_WORDS = ("prefetch", "prerender", "preview")

#: All headers that ``classify`` reads.
HEADERS_READ = ("User-Agent", *PREFETCH_HEADERS, "Sec-CH-UA", "From")

#: The software that fetches the images of emails, from the most certain to the least.
EMAIL_RULES: tuple[Rule, ...] = (
    *_named(PROXY, "ua-parser/uap-core, tests/test_ua.yaml", "GoogleImageProxy"),
    *_named(PROXY, "SidOfc/browserino, spec/files/emails.yml", "via ggpht.com"),
    *_named(PROXY, "help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "YahooMailProxy"),
    *_named(PROXY, "matomo-org/device-detector, Tests/fixtures/bots.yml", "SeznamEmailProxy"),
    *_named(PROXY, "nielsbasjes/yauaa, EMailClients.yaml", "SuperhumanProxy"),
    *_named(PROXY, "monperrus/crawler-user-agents", "FastmailUA"),
    *_like(
        PROXY,
        "the names of the proxies above",
        r"(?:e?mail|image)[-_ ]?proxy\b",
        "names itself a proxy for emails or their images",
    ),
    *_exactly(PREFETCH, "ua-parser/uap-core issue 509", "Mozilla/5.0", "Apple Mail Privacy Protection"),
    *_named(PREFETCH, "mssola/user_agent issue 71", "Gmail-content-sampling"),
    *_named(PREFETCH, "CIDRAM/CIDRAM issue 668", "Chrome Privacy Preserving Prefetch Proxy"),
    *_exactly(
        SCANNER,
        "opencollective/opencollective issue 3656",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/72.0.3626.109 "
        "Safari/537.36",
        "Microsoft Safe Links",
    ),
    *_exactly(
        SCANNER,
        "mssola/user_agent issue 71; mautic/mautic issue 9400",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.74 "
        "Safari/537.36 Edg/79.0.309.43",
        "Microsoft Safe Links",
    ),
)

#: Machines that say what they are. The name of a device is taken out first: some contain "bot".
MACHINE_RULES: tuple[Rule, ...] = (
    # Security gateways and scanners.
    *_named(
        SCANNER,
        "the vendors' names; JayBizzle/Crawler-Detect, crawlers.txt",
        "Mimecast",
        "Proofpoint",
        "Barracuda",
        "SpamExperts",
        "MessageLabs",
        "IronPort",
        "FireEye",
        "Forcepoint",
        "TrendMicro",
        "BrightCloud",
        "BitSight",
        "Netcraft",
        "Expanse indexes the network",
        "CensysInspect",
        "zgrab",
        "masscan",
        "Nmap Scripting Engine",
        "Nessus",
        "Qualys",
        "VirusTotal",
        "Microsoft Exchange/",
    ),
    *_like(
        SCANNER,
        "JayBizzle/Crawler-Detect, crawlers.txt; monperrus/crawler-user-agents",
        r"anti-?virus\b|virus ?scan|anti-?(?:phish|spam)|malware|vulnerability|url ?scan|link protection|check ?link",
        "names a security check",
    ),
    # Previews of links in chats, emails and documents.
    *_named(
        SCANNER,
        "matomo-org/device-detector, bots.yml; faisalman/ua-parser-js, fetcher.json",
        "facebookexternalhit",
        "facebookcatalog",
        "meta-externalfetcher",
        "meta-externalagent",
        "kakaotalk-scrap",
        "Iframely",
        "Embedly",
        "Slack-ImgProxy",
        "vkShare",
        "Google-Read-Aloud",
        "dotMailer content retrieval",
        "Google-Site-Verification",
    ),
    *_like(SCANNER, "faisalman/ua-parser-js, fetcher.json", r"^WhatsApp/", "is that of WhatsApp's previews"),
    *_like(
        SCANNER,
        "Skype, Bing, Yahoo, Snapchat and Mixmax in matomo-org/device-detector, bots.yml",
        r"preview(?:s|er)?\b",
        "names a preview",
    ),
    # Browsers without a window.
    *_named(
        SCANNER,
        "matomo-org/device-detector, browser.yml and library.yml",
        "HeadlessChrome",
        "HeadlessEdg",
        "PhantomJS",
        "SlimerJS",
        "HtmlUnit",
        "jsdom/",
        "Puppeteer",
        "Playwright",
        "Selenium",
        "Chrome-Lighthouse",
        "PTST/",
    ),
    # Monitors.
    *_named(
        SCANNER,
        "monperrus/crawler-user-agents; matomo-org/device-detector, bots.yml",
        "Dotcom-Monitor",
        "StatusCake",
        "Pingdom",
        "Site24x7",
        "GTmetrix",
        "HetrixTools",
        "NewRelicPinger",
        "Datadog",
        "Checkly",
        "check_http",
        "Zabbix",
        "Uptime-Kuma",
        "AppInsights",
    ),
    # Office's other programs, and services that fetch what a document or a flow names.
    *_like(
        SCANNER,
        "JayBizzle/Crawler-Detect, crawlers.txt; the shape is Outlook's",
        r"\bMicrosoft (?:Office )?(?:Excel|PowerPoint|Access|OneNote|Publisher|Visio|Project|Lync|InfoPath)\b",
        "names a program of Microsoft Office that shows no email",
    ),
    *_named(
        SCANNER,
        "omrilotan/isbot, crawlers.yml; JayBizzle/Crawler-Detect, crawlers.txt",
        "azure-logic-apps",
        "microsoft-flow",
        "Office 365 Connectors",
        "Microsoft Office Existence Discovery",
        "Microsoft Office Protocol Discovery",
        "Microsoft-WebDAV-MiniRedir",
        "Microsoft-CryptoAPI",
        "Microsoft BITS",
    ),
    *_like(
        SCANNER,
        "JayBizzle/Crawler-Detect, crawlers.txt (swcd)",
        r"^(?-i:[a-z]+d(?:/[\d.]+| \(unknown version\)) CFNetwork/)",
        "is that of a system service of Apple's",
    ),
    # Scripts, and the libraries they are made of.
    *_named(
        SCANNER,
        "faisalman/ua-parser-js, library.json and cli.json; matomo-org/device-detector, library.yml",
        "Python-urllib",
        "python-requests",
        "python-httpx",
        "aiohttp/",
        "libwww-perl",
        "lwp-",
        "HttpClient",
        "Http-client",
        "http_client",
        "WinHttp.",
        "PowerShell/",
        "lua-resty-http",
        "GuzzleHttp",
        "PostmanRuntime",
        "node-fetch",
        "axios/",
        "undici",
        "superagent",
        "Google-HTTP-",
        "HTTP_Request",
        "RestSharp",
        "PycURL",
        "libcurl",
        "Typhoeus",
        "Mechanize",
        "Scrapy",
        "colly",
        "reqwest",
        "akka-http",
        "AppEngine-Google",
        "HTTrack",
        "Indy Library",
    ),
    *_like(
        SCANNER,
        "monperrus/crawler-user-agents; matomo-org/device-detector, library.yml",
        r"^(?:curl|wget|httpie|aria2|jetty|faraday|insomnia|got|hyper|hackney|needle|unirest|okhttp|deno|bun|dart|go|k6"
        r"|siege|apachebench|wrk|cortex|guzzle|rest-client|http\.rb)(?:$|[/ (])"
        r"|^(?:python|java|perl|ruby|php|node|lua)(?:$|[^a-z]|client)",
        "is that of a script or a tool",
    ),
    # What any polite robot says.
    *_like(
        SCANNER,
        "monperrus/crawler-user-agents; matomo-org/device-detector, bots.yml",
        r"bots?(?![a-z])|crawl|spider|scraper|scanner\b|\bfetcher\b",
        "names a robot",
    ),
    *_like(
        SCANNER,
        "RFC 9110, section 10.1.5, and the robots in monperrus/crawler-user-agents",
        r"\+ ?(?:https?://|mailto:|www\.)|\(\+"
        # A URL or an email address alone will do where no engine shows that it is a browser.
        r"|^(?!.*(?:AppleWebKit|Gecko/|MSIE|Trident|Presto|KHTML)).*(?:https?://|\w@\w+\.\w)",
        "says whom to contact about it, as robots do",
    ),
)

#: Email clients that request images on behalf of a reader as well as ahead of any.
READER_OR_PREFETCH_RULES: tuple[Rule, ...] = (
    *_like(
        UNKNOWN,
        "faisalman/ua-parser-js, email.json",
        r"^Mail/[\d.]+ CFNetwork/",
        "is Apple Mail's, on behalf of its reader or ahead of any",
    ),
    *_like(
        UNKNOWN,
        "matomo-org/device-detector, pim.yml",
        r"^Android-Gmail/",
        "is the Gmail app's, on behalf of its reader or in the background",
    ),
    *_like(
        UNKNOWN,
        "nielsbasjes/yauaa, EMailClients.yaml",
        r"^Microsoft Office/.*\b(?:UC)?MAPI\b",
        "is Outlook's, while it fetches emails",
    ),
    *_like(
        UNKNOWN,
        "medama-io/go-useragent issue 10; warmbly/warmbly issue 564",
        # Since macOS 11 every Mac says 10_15_7, and Mail Privacy Protection came with 12.
        r"^Mozilla/5\.0 \(Macintosh; Intel Mac OS X (?:10_15_7|10_1[6-9]\w*|1[1-9]_\w+|[2-9]\d_\w+)\) "
        r"AppleWebKit/[\d.]+ \(KHTML, like Gecko\)$",
        "is that of Apple Mail on a recent Mac, with its reader or ahead of any",
    ),
)

#: Email clients. They come after the machines that borrow their names.
CLIENT_RULES: tuple[Rule, ...] = (
    *_like(
        UNKNOWN,
        "matomo-org/device-detector, pim.yml",
        r"^DAV(?:droid|x5)/",
        "is that of an app that fetches calendars and contacts to a phone",
    ),
    *_named(PERSON, "ua-parser/uap-core, tests/test_ua.yaml; matomo-org/device-detector, pim.yml", "Outlook"),
    *_like(
        PERSON,
        "ua-parser/uap-core, tests/test_ua.yaml; nielsbasjes/yauaa issue 301",
        r"\bms-office; MSOffice \d",
        "is that of Word, in which Outlook shows emails",
    ),
    *_like(
        UNKNOWN,
        "nielsbasjes/yauaa, EMailClients.yaml",
        r"^Microsoft Office/|\bMSOffice\b|\bMicrosoft (?:Office )?Word\b",
        "is that of Microsoft Office, without a word on which program",
    ),
    *_named(
        PERSON,
        "matomo-org/device-detector, pim.yml; ua-parser/uap-core, tests/test_ua.yaml",
        "Thunderbird",
        "Airmail",
        "Barca",
        "Evolution/",
        "Foxmail",
        "Postbox",
        "eMClient",
        "eM Client",
        "The Bat!",
        "Lotus-Notes",
        "MailforExchange",
        "DaumMail",
        "MailMate",
        "MailBar",
        "Mailbird",
        "Mailspring",
        "MailMaster",
        "Mailplane",
        "Mailwise",
        "MailDroid",
        "SparkDesktop",
        "Sparrow/",
        "Geary/",
        "Kontact/",
        "KMail/",
        "Claws Mail",
        "Sylpheed",
        "Eudora",
        "IncrediMail",
        "Becky!",
        "Pegasus Mail",
        "Mimestream",
        "Entourage",
        "GroupWise",
        "Zimbra",
        "Betterbird",
        "SeaMonkey",
    ),
    *_like(
        PERSON,
        "faisalman/ua-parser-js issue 237",
        r"^(?:Spark|Superhuman|Canary|Newton)/",
        "is that of an email client",
    ),
    *_like(
        PERSON,
        "matomo-org/device-detector, pim.yml (WindowsMail); faisalman/ua-parser-js, email.json (K-9 Mail)",
        r"^(?:(?:[\w.!-]+ ){1,2}|[\w.-]+)mail(?: v?\d|/|$)",
        "names itself an email client",
    ),
    *_like(
        PERSON,
        "matomo-org/device-detector, pim.yml (Yahoo%20Mail); faisalman/ua-parser-js, email.json (NaverMailApp)",
        r"^(?=.*mail)(?=.*(?:\b(?:Android|iPhone|iPad|iOS)\b|Darwin/))",
        "names an email client and a phone, a tablet or a Mac",
    ),
    *_like(
        PERSON,
        "arp242/isbot, not_bots (Instagram)",
        r"^(?:Instagram|Snapchat|Pinterest|Twitter|LinkedIn) ?[/\d]",
        "is that of an app that shows pages to its user",
    ),
)

#: Browsers, and the email clients that call themselves one.
BROWSER_RULES: tuple[Rule, ...] = (
    *_like(
        PERSON,
        "RFC 9110, section 10.1.5; arp242/isbot, not_bots",
        r"AppleWebKit/?\d|\b(?:Gecko|Goanna|Trident|Presto|KHTML)/\d|\bMSIE \d|\b(?:Opera Mini|UCBrowser)/\d|\bMIDP-\d",
        "is that of a browser or of an email client built on one",
    ),
)


#: What decides where no table does.
NO_AGENT = Rule(UNKNOWN, "", "there is no user agent", "RFC 9110, section 10.1.5: it should be there, and need not")
LISTED = Rule(SCANNER, "", "user agent is in the list of crawler-user-agents", "monperrus/crawler-user-agents")
NOT_KNOWN = Rule(UNKNOWN, "", "no rule knows the user agent", "")
