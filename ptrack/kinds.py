"""Tells who loaded a picture from the headers of the request: a table of rules, and ``classify``.

The rules say what is true of a client, each with the public source of that fact. The
first rule that applies decides. Nothing is guessed: what fits both a person and a machine
is ``unknown``, and so is what no rule knows.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple

try:
    # Of the extra "scanners".
    from crawleruseragents import is_crawler
except ImportError:

    def is_crawler(user_agent: str) -> bool:
        return False


#: Until a mail was rendered, sent, delivered, fetched and opened, more than this has
#: passed; who loads its picture sooner does so ahead of the reader.
SOONEST_OPEN = timedelta(seconds=2)

#: Characters of a user agent that are looked at; those of real clients are below 500.
USER_AGENT_MAX_LENGTH = 1024


class HitKind(enum.StrEnum):
    """Who loaded a picture."""

    PERSON = "person"  #: the reader's own mail program or browser
    PROXY = "proxy"  #: the reader's provider, when the mail was opened
    PREFETCH = "prefetch"  #: somebody's machine, ahead of any reader
    SCANNER = "scanner"  #: a security gateway, link preview, bot, monitor or script
    UNKNOWN = "unknown"  #: a person or a machine; the request fits both

    @property
    def is_open(self) -> bool | None:
        """Whether it counts as an open: True, False, or None for unknown."""
        return _COUNTS_AS_OPEN[self]


_COUNTS_AS_OPEN = {
    HitKind.PERSON: True,
    HitKind.PROXY: True,
    HitKind.PREFETCH: False,
    HitKind.SCANNER: False,
    HitKind.UNKNOWN: None,
}


class Rule(NamedTuple):
    """One line of the table: a fact about a client."""

    kind: HitKind
    #: What is found in the user agents of that client, and of no other.
    pattern: re.Pattern[str]
    reason: str
    #: Where the fact is published.
    source: str


def _named(kind: HitKind, source: str, *names: str) -> list[Rule]:
    """Return a rule for each of the names, whatever their case."""
    return [
        Rule(kind, re.compile(re.escape(name), re.IGNORECASE), f'user agent contains "{name}"', source)
        for name in names
    ]


def _like(kind: HitKind, source: str, pattern: str, reason: str, flags: re.RegexFlag = re.IGNORECASE) -> list[Rule]:
    return [Rule(kind, re.compile(pattern, flags), f"user agent {reason}", source)]


def _exactly(kind: HitKind, source: str, agent: str, client: str) -> list[Rule]:
    return [Rule(kind, re.compile(rf"\A{re.escape(agent)}\Z"), f"user agent is exactly that of {client}", source)]


PERSON, PROXY, PREFETCH, SCANNER, UNKNOWN = HitKind

#: Headers with which a client says that it loads something ahead, and the words it uses.
#: Sources: Chromium's preloading_headers.cc; MDN, Sec-Purpose; instantpage/instant.page
#: issue 63 (Purpose, X-Moz); arp242/isbot, Prefetch() (X-Purpose).
PREFETCH_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
PREFETCH_WORDS = ("prefetch", "prerender", "preview")

#: All headers that ``classify`` reads.
HEADERS_READ = ("User-Agent", *PREFETCH_HEADERS, "Sec-CH-UA", "From")

#: About the software that fetches mail's pictures, from the most certain to the least.
MAIL_RULES: list[Rule] = [
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
        "names itself a proxy for mail or its images",
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
]

#: Machines that say so. A device's name is taken out first: some contain "bot".
MACHINE_RULES: list[Rule] = [
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
    # Previews of links in chats, mails and documents.
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
        "names a program of Microsoft Office that shows no mail",
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
        r"^[a-z]+d(?:/[\d.]+| \(unknown version\)) CFNetwork/",
        "is that of a system service of Apple's",
        flags=re.NOFLAG,
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
        # An address alone will do where no engine shows that it is a browser.
        r"|^(?!.*(?:AppleWebKit|Gecko/|MSIE|Trident|Presto|KHTML)).*(?:https?://|\w@\w+\.\w)",
        "says whom to contact about it, as robots do",
    ),
]

#: Mail programs that load pictures on behalf of a reader as well as ahead of any.
PERSON_OR_AHEAD_RULES: list[Rule] = [
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
        "is Outlook's, while it fetches mail",
    ),
    *_like(
        UNKNOWN,
        "medama-io/go-useragent issue 10; warmbly/warmbly issue 564",
        # Since macOS 11 every Mac says 10_15_7, and Mail Privacy Protection came with 12.
        r"^Mozilla/5\.0 \(Macintosh; Intel Mac OS X (?:10_15_7|10_1[6-9]\w*|1[1-9]_\w+|[2-9]\d_\w+)\) "
        r"AppleWebKit/[\d.]+ \(KHTML, like Gecko\)$",
        "is that of Apple Mail on a recent Mac, with its reader or ahead of any",
    ),
]

#: Mail programs, after the machines that borrow their names.
CLIENT_RULES: list[Rule] = [
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
        "is that of Word, in which Outlook shows mail",
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
        "is that of a mail program",
    ),
    *_like(
        PERSON,
        "matomo-org/device-detector, pim.yml (WindowsMail); faisalman/ua-parser-js, email.json (K-9 Mail)",
        r"^(?:(?:[\w.!-]+ ){1,2}|[\w.-]+)mail(?: v?\d|/|$)",
        "names itself a mail program",
    ),
    *_like(
        PERSON,
        "matomo-org/device-detector, pim.yml (Yahoo%20Mail); faisalman/ua-parser-js, email.json (NaverMailApp)",
        r"^(?=.*mail)(?=.*(?:\b(?:Android|iPhone|iPad|iOS)\b|Darwin/))",
        "names a mail program and a phone, a tablet or a Mac",
    ),
    *_like(
        PERSON,
        "arp242/isbot, not_bots (Instagram)",
        r"^(?:Instagram|Snapchat|Pinterest|Twitter|LinkedIn) ?[/\d]",
        "is that of an app that shows pages to its user",
    ),
]

#: Browsers, and the mail programs that call themselves one.
BROWSER_RULES: list[Rule] = [
    *_like(
        PERSON,
        "RFC 9110, section 10.1.5; arp242/isbot, not_bots",
        r"AppleWebKit/?\d|\b(?:Gecko|Goanna|Trident|Presto|KHTML)/\d|\bMSIE \d|\b(?:Opera Mini|UCBrowser)/\d|\bMIDP-\d",
        "is that of a browser or of a mail program built on one",
    ),
]


_NO_AGENT, _NOT_KNOWN, _LISTED = (
    Rule(kind, re.compile(""), reason, source)
    for kind, reason, source in (
        (UNKNOWN, "there is no user agent", "RFC 9110, section 10.1.5: it should be there, and need not"),
        (UNKNOWN, "no rule knows the user agent", ""),
        (SCANNER, "user agent is in the list of crawler-user-agents", "monperrus/crawler-user-agents"),
    )
)


def classify(headers: Mapping[str, str], age: timedelta | None = None) -> tuple[HitKind, str]:
    """Return who sent a request with these headers, and the rule that says so.

    Takes the headers by name, in any case, and how long after the rendering of the picture
    the request came, if that is known. With the extra ``scanners`` installed, the package
    ``crawler-user-agents`` is asked before what looks like a browser counts as a person.
    Never raises.
    """
    by_name = {str(name).lower().replace("_", "-"): str(value) for name, value in headers.items()}
    if verdict := _classify_intent(by_name):
        return verdict
    rule = _classify_agent(by_name.get("user-agent", "").strip()[:USER_AGENT_MAX_LENGTH])
    if rule in PERSON_OR_AHEAD_RULES and age is not None and age < SOONEST_OPEN:
        return PREFETCH, f"{rule.reason}, less than {SOONEST_OPEN.seconds} seconds after the rendering"
    return rule.kind, rule.reason


def _classify_intent(headers: Mapping[str, str]) -> tuple[HitKind, str] | None:
    for name in PREFETCH_HEADERS:
        value = headers.get(name.lower(), "").lower()
        for word in PREFETCH_WORDS:
            if word in value:
                return PREFETCH, f'header {name} contains "{word}"'
    if "headless" in headers.get("sec-ch-ua", "").lower():
        return SCANNER, 'header Sec-CH-UA contains "Headless"'
    if "from" in headers:
        # RFC 9110, section 10.1.2: for robots to say who runs them; browsers never send it.
        return SCANNER, "header From is there, which only robots send"
    return None


# Many hits share few user agents, and going through the table takes longer than the hit.
@lru_cache(maxsize=1024)
def _classify_agent(agent: str) -> Rule:
    if not agent:
        return _NO_AGENT
    undisguised = _without_device_name(agent)
    return (
        _first(MAIL_RULES, agent)
        or _first(MACHINE_RULES, undisguised)
        or _first(PERSON_OR_AHEAD_RULES, agent)
        or _first(CLIENT_RULES, agent)
        or (_LISTED if is_crawler(undisguised) else None)
        or _first(BROWSER_RULES, agent)
        or _NOT_KNOWN
    )


def _first(rules: Iterable[Rule], agent: str) -> Rule | None:
    return next((rule for rule in rules if rule.pattern.search(agent)), None)


# Where Android says the name of the device, which its maker chose: "CUBOT", "M bot 54".
_DEVICE = re.compile(
    r"""
    \( (?: [^()] | \([^()]*\) )*? \b(?:Android|Adr)\b (?: [^()] | \([^()]*\) )* \)?
    | \bAndroid \s \( [^()]* \)?
    | \[ FB [^\]]* \]?
    | \bcubot\w*
    """,
    re.IGNORECASE | re.VERBOSE,
)


def _without_device_name(agent: str) -> str:
    return _DEVICE.sub("", agent)
