"""The rules that tell who requested a pixel, as data.

A rule states a fact about a client and names the public source of that fact. The tables stand
in the order in which the module ``judgement`` asks them, and the first rule that applies
decides. No rule guesses: what fits both a person and a machine is unknown.

The rules of ``DECLARATIONS``, ``NAVIGATION``, ``EMAIL_APPS`` and ``ROBOT_HEADERS`` are searched in
the headers, each written as ``Name: value``, all others in the user agent.
"""

from __future__ import annotations

import re
from datetime import timedelta

from .kinds import HitKind, Rule


def words(*names: str) -> str:
    """Return the pattern of texts of which no letter precedes the first or follows the last character."""
    return rf"(?<![a-z])(?:{'|'.join(re.escape(name) for name in names)})(?![a-z])"


PERSON, PROXY, PREFETCH, SCANNER, UNKNOWN = HitKind

#: All headers that ``judge`` reads. Of ``From`` it matters only that it is there.
HEADERS_READ = (
    "User-Agent",
    "Sec-Purpose",
    "Purpose",
    "X-Purpose",
    "X-Moz",
    "Sec-Fetch-Mode",
    "X-Requested-With",
    "Sec-CH-UA",
    "From",
)

#: Between rendering and opening, an email is sent, delivered and fetched, which takes longer
#: than this. Whoever requests its image sooner does so ahead of the reader.
SOONEST_OPEN = timedelta(seconds=2)

#: The codes of email clients that request images for a reader as well as ahead of any.
AHEAD_TOO = frozenset({"apple-mail", "apple-mail-mac", "gmail-app", "outlook-mapi"})

#: The text in which Android says the name of the device, which its maker chose: "CUBOT", "M bot 54".
DEVICE = r"""
    \( (?: [^()] | \([^()]*\) )*? \b(?:Android|Adr)\b (?: [^()] | \([^()]*\) )* \)?
    | \bAndroid \s \( [^()]* \)?
    | \[ FB [^\]]* \]?
    | \bcubot\w*
"""

_CHROME = r"AppleWebKit/537\.36 \(KHTML, like Gecko\) Chrome/"

DECLARATIONS = (
    Rule(
        PREFETCH,
        r"^(?:Sec-Purpose|Purpose|X-Purpose|X-Moz): .*?(?:prefetch|prerender|preview)",
        "declared-prefetch",
        source="Chromium, preloading_headers.cc; MDN, Sec-Purpose; instantpage/instant.page issue 63; arp242/isbot",
        matches="Sec-Purpose: prefetch;prerender",
        leaves="Purpose: navigation",
    ),
)

#: User agents that are known to the letter.
KNOWN = (
    Rule(
        PREFETCH,
        r"^Mozilla/5\.0$",
        "apple-mpp",
        source="ua-parser/uap-core issue 509; wordtothewise.com, Apple Mail Privacy Protection",
        matches="Mozilla/5.0",
        leaves="Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    ),
    Rule(
        PREFETCH,
        rf"^Mozilla/5\.0 \(Windows NT 10\.0; Win64; x64\) {_CHROME}42\.0\.2311\.135 Safari/537\.36 Edge/12\.246 "
        r"(?:Mozilla/5\.0|Gmail-content-sampling)$",
        "gmail-prefetch",
        source="mautic/mautic pull 10245; pentacent/keila pull 164; mssola/user_agent issue 71",
        matches="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0",
        leaves="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246",
    ),
    Rule(
        PREFETCH,
        r"^Chrome Privacy Preserving Prefetch Proxy$",
        "chrome-prefetch-proxy",
        source="CIDRAM/CIDRAM issue 668",
        matches="Chrome Privacy Preserving Prefetch Proxy",
        leaves="Chrome Privacy Preserving Prefetch Proxy/2 (Linux)",
    ),
    Rule(
        SCANNER,
        rf"^Mozilla/5\.0 \(Windows NT 10\.0; Win64; x64\) {_CHROME}(?:72\.0\.3626\.109 Safari/537\.36"
        r"|79\.0\.3945\.74 Safari/537\.36 Edg/79\.0\.309\.43)$",
        "safe-links",
        source="opencollective/opencollective issue 3656; mssola/user_agent issue 71; mautic/mautic issue 9400",
        matches="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/72.0.3626.109 Safari/537.36",
        leaves="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/72.0.3626.121 Safari/537.36",
    ),
    # It fetches for somebody else, and hides who that is.
    Rule(
        UNKNOWN,
        r"^(?:Amazon CloudFront$|Camo Asset Proxy\b|github-camo\b)",
        "relay",
        source="JayBizzle/Crawler-Detect issues 409 and 594; atmos/camo, README",
        matches="Amazon CloudFront",
        leaves="Amazon CloudWatch Synthetics",
    ),
)

#: On a click, asked in front of ``KNOWN``: Apple fetches images ahead of readers, and no pages.
KNOWN_ON_CLICKS = (
    Rule(
        SCANNER,
        r"^Mozilla/5\.0$",
        "bare-mozilla",
        source="ua-parser/uap-core issue 509",
        matches="Mozilla/5.0",
        leaves="Mozilla/5.0 (compatible)",
    ),
)

#: Of a pixel: email clients request images as parts of an email, and only a browser goes to one as to a page.
NAVIGATION = (
    Rule(
        SCANNER,
        r"^Sec-Fetch-Mode: navigate$",
        "navigation",
        source="W3C, Fetch Metadata Request Headers",
        matches="Sec-Fetch-Mode: navigate",
        leaves="Sec-Fetch-Mode: no-cors",
    ),
)

#: The providers of readers, which request images when an email is opened.
PROXIES = (
    Rule(
        PROXY,
        r"(?<![a-z])(?:GoogleImageProxy(?![a-z])|via ggpht\.com\))",
        "google-image-proxy",
        source="ua-parser/uap-core, tests/test_ua.yaml; SidOfc/browserino, spec/files/emails.yml",
        matches="Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
        leaves="Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0",
    ),
    Rule(
        PROXY,
        r"(?<![a-z])Yahoo ?MailProxy(?![a-z])",
        "yahoo-mail-proxy",
        source="help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
        matches="YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
        leaves="Mozilla/5.0 (compatible; Yahoo Link Preview; https://help.yahoo.com/kb/mail/)",
    ),
    Rule(
        PROXY,
        words("SuperhumanProxy"),
        "superhuman-proxy",
        source="nielsbasjes/yauaa, EMailClients.yaml",
        matches="Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/126.0.0.0 Safari/537.36 (via SuperhumanProxy; hello@superhuman.com)",
        leaves="Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Superhuman/25.1.6 Chrome/114.0.5735.289 Electron/25.9.0 Safari/537.36",
    ),
    Rule(
        PROXY,
        words("FastmailUA"),
        "fastmail-proxy",
        source="monperrus/crawler-user-agents; nielsbasjes/yauaa, EMailClients.yaml",
        matches="FastmailUA/1.0",
        leaves="Fastmail/1.0",
    ),
    Rule(
        PROXY,
        r"(?:mail(?:\.[\w.-]+)?|image)[-_ ]?proxy(?![a-z])",
        "email-proxy",
        source="matomo-org/device-detector, Tests/fixtures/bots.yml (SeznamEmailProxy, mail.ukr.net proxy)",
        matches="Mozilla/5.0 SeznamEmailProxy/2.0.174",
        leaves="Mozilla/5.0 (compatible; YandexUserproxy; robot; +http://yandex.com/bots)",
    ),
)

#: Email clients. Those of ``AHEAD_TOO`` come first.
EMAIL_CLIENTS = (
    Rule(
        UNKNOWN,
        r"^Mail/[\d.]+ CFNetwork/",
        "apple-mail",
        source="faisalman/ua-parser-js, email.json",
        matches="Mail/3826.500.181.1.5 CFNetwork/3826.500.111.1.1 Darwin/24.4.0",
        leaves="Mail/3826.500.181.1.5",
    ),
    Rule(
        UNKNOWN,
        # Since macOS 11 every Mac says 10_15_7, and Mail Privacy Protection came with 12.
        r"^Mozilla/5\.0 \(Macintosh; Intel Mac OS X (?:10_15_7|10_1[6-9]\w*|1[1-9]_\w+|[2-9]\d_\w+)\) "
        r"AppleWebKit/[\d.]+ \(KHTML, like Gecko\)$",
        "apple-mail-mac",
        source="medama-io/go-useragent issue 10; warmbly/warmbly issue 564",
        matches="Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
        leaves="Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    ),
    Rule(
        UNKNOWN,
        r"^Android-Gmail/",
        "gmail-app",
        source="matomo-org/device-detector, Tests/Parser/Client/fixtures/pim.yml",
        matches="Android-Gmail/64562652 (sw411dp; 420dpi) (r7 TP1A.220624.014)",
        leaves="Android/9-email",
    ),
    Rule(
        UNKNOWN,
        r"^Microsoft Office/.*\b(?:UC)?MAPI\b",
        "outlook-mapi",
        source="nielsbasjes/yauaa, EMailClients.yaml",
        matches="Microsoft Office/16.0 (Windows NT 10.0; MAPI 16.0.10827; Pro)",
        leaves="Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)",
    ),
    Rule(
        UNKNOWN,
        r"^DAV(?:droid|x5)/",
        "calendar-app",
        source="matomo-org/device-detector, Tests/Parser/Client/fixtures/pim.yml",
        matches="DAVdroid/1.6.2-ose (2017/06/23; dav4android; okhttp3) Android/7.0",
        leaves="WebDAV/1.0 (Android 7.0)",
    ),
    Rule(
        PERSON,
        words("Outlook", "MacOutlook", "OneOutlook", "Windows-Live-Mail"),
        "outlook",
        source="ua-parser/uap-core, tests/test_ua.yaml; nielsbasjes/yauaa, EMailClients.yaml",
        matches="Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)",
        leaves="Microsoft Office/16.0 (Windows NT 10.0; Microsoft Excel 16.0.13231; Pro)",
    ),
    Rule(
        PERSON,
        r"(?<![a-z])ms-office; MSOffice \d",
        "outlook-word",
        source="ua-parser/uap-core, tests/test_ua.yaml; nielsbasjes/yauaa issue 301",
        matches="Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
        leaves="Mozilla/4.0 (compatible; ms-office; MSOffice rmj)",
    ),
    Rule(
        PERSON,
        words(
            *("Airmail", "Barca", "BarcaPro", "Becky!", "Betterbird", "Claws Mail", "DaumMail", "Entourage", "Eudora"),
            *("Evolution/", "Foxmail", "Geary/", "GroupWise", "Icedove", "IncrediMail", "KMail/", "KMail2/"),
            *("Kontact/", "Lotus-Notes", "MailBar", "Mailbird", "MailDroid", "MailforExchange", "MailMaster"),
            *("MailMasterPC", "MailMate", "Mailplane", "Mailspring", "Mailwise", "Mimestream", "Pegasus Mail"),
            *("Postbox", "PostboxApp", "SeaMonkey", "SparkDesktop", "Sparrow/", "Spicebird", "Sylpheed", "The Bat!"),
            *("Thunderbird", "Zimbra", "eM Client", "eMClient", "tutanota-desktop", "zdesktop"),
        ),
        "email-client",
        source="matomo-org/device-detector, Tests/Parser/Client/fixtures/pim.yml; faisalman/ua-parser-js, email.json",
        matches="Mozilla/5.0 (Windows NT 6.1; rv:45.0) Gecko/20100101 Thunderbird/45.0",
        leaves="Embarcadero URI Client/1.0",
    ),
    Rule(
        PERSON,
        # Of names that are common words, only at the beginning.
        r"^(?:Alpine|Balsa|Canary|Newton|Nine|Spark|Superhuman|Turnpike|ZohoTrident[a-z]*)/",
        "short-named-client",
        source="faisalman/ua-parser-js, email.json and issue 237; nielsbasjes/yauaa, EMailClients.yaml",
        matches="Spark/1.7.3.948 CFNetwork/811.4.18 Darwin/16.5.0",
        leaves="Apache-Spark/3.5.0",
    ),
    Rule(
        PERSON,
        r"^(?!Mozilla/|.*(?:bot|scan|crawl|http))(?:[\w.!%-]+ ){0,2}[\w.%-]*mail(?:app)?(?: v?\d|/|$)",
        "mail-name",
        source="faisalman/ua-parser-js, email.json (FairEmail, NylasMail); matomo-org/device-detector, pim.yml",
        matches="K-9 Mail/5.600",
        leaves="Mail::STS",
    ),
    Rule(
        PERSON,
        r"^Mozilla/.*(?<![a-z])[a-z]+mail(?:-desktop)?/\d",
        "mail-product",
        source="faisalman/ua-parser-js, email.json (ProtonMail); nielsbasjes/yauaa, EMailClients.yaml",
        matches="Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
        "ProtonMail/1.4.0 Chrome/122.0.6261.156 Electron/29.4.6 Safari/537.36",
        leaves="Mozilla/5.0 (compatible; Mail.RU_Bot/2.0; +http://go.mail.ru/help/robots)",
    ),
    Rule(
        PERSON,
        r"^(?!Mozilla/|.*(?:bot|scan|crawl|http))(?=.*(?:\b(?:Android|iPhone|iPad|iOS)\b|Darwin/)).*mail(?:app)?[/;) ]",
        "mail-on-a-device",
        source="matomo-org/device-detector, pim.yml (NaverMailApp); faisalman/ua-parser-js, email.json (YahooMobile)",
        matches="YahooMobile/1.0 (mail; 3.0.5.1311380); (Linux; U; Android 4.0.3; htc_runnymede Build/ICE);",
        leaves="YahooMobile/1.0 (news; 3.0.5.1311380); (Linux; U; Android 4.0.3; htc_runnymede Build/ICE);",
    ),
)

#: Android's web views name their app in a header.
EMAIL_APPS = (
    Rule(
        PERSON,
        r"^X-Requested-With: (?:[\w.]*mail[\w.]*|com\.google\.android\.gm|com\.microsoft\.office\.outlook|com\.fsck\.k9"
        r"|de\.tutao\.tutanota|com\.ninefolders\.hd3|com\.readdle\.spark)$",
        "email-app",
        source="matomo-org/device-detector, regexes/client/hints/apps.yml; the apps' pages in Google's store",
        matches="X-Requested-With: com.samsung.android.email.provider",
        leaves="X-Requested-With: com.google.android.gms",
    ),
)

#: Web views and apps of phones: no word that follows and no list of crawlers overrules these.
WEB_VIEWS = (
    Rule(
        PERSON,
        r"\bAndroid\b.*; wv\)",
        "android-web-view",
        source="developer.chrome.com, WebView user agent",
        matches="Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Version/4.0 Chrome/124.0.6367.123 Mobile Safari/537.36 CamScanner/4.8.5.2310271827",
        leaves="Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/124.0.0.0 Mobile Safari/537.36 (compatible; ExampleScanner/1.0)",
    ),
    Rule(
        PERSON,
        r"\((?:iPhone|iPad|iPod)[^()]*\) AppleWebKit/[\d.]+ \(KHTML, like Gecko\) Mobile/\w+(?!.*Safari/)",
        "ios-web-view",
        source="warmbly/warmbly issue 564; matomo-org/device-detector, Tests/fixtures/mobile_apps.yml",
        matches="Mozilla/5.0 (iPad; CPU OS 12_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Mobile/15E148 Studo/3.16 (https://example.com/about)",
        leaves="Mozilla/5.0 (iPhone; CPU iPhone OS 7_0 like Mac OS X) AppleWebKit/537.51.1 (KHTML, like Gecko) "
        "Version/7.0 Mobile/11A465 Safari/9537.53 BingPreview/1.0b",
    ),
    Rule(
        PERSON,
        r"\[(?:FB(?:AN|AV|BV|LC|_IAB)\b|LinkedInApp\]|Pinterest/(?:iOS|Android)\])"
        r"|(?<![a-z])(?:Instagram|Snapchat|Twitter|LinkedIn|Viber|Line|Flipboard|KAKAOTALK|MicroMessenger|Teams|GSA"
        r"|YandexSearch|SogouMobileBrowser|Freespoke|Blackboard)[ /]?\d|(?<![a-z])(?:SogouSearch|Viber$|baiduboxapp/)",
        "app",
        source="arp242/isbot, not_bots; omrilotan/isbot, browsers.yml; faisalman/ua-parser-js, inapp.json",
        matches="Instagram 128.0.0.19.119 (iPhone12,3; iOS 13_3_1; en_US; en-US; scale=3.00) AppleWebKit/420+",
        leaves="facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984",
    ),
)

#: Machines that say what they are. The name of the device is taken out first: some contain "bot".
MACHINES = (
    Rule(
        SCANNER,
        r"^(?-i:[a-z]+d(?:/[\d.]+| \(unknown version\)) CFNetwork/)",
        "apple-service",
        source="JayBizzle/Crawler-Detect, crawlers.txt (swcd)",
        matches="swcd (unknown version) CFNetwork/1125.2 Darwin/19.4.0",
        leaves="Studo/3.16 CFNetwork/1125.2 Darwin/19.4.0",
    ),
    Rule(
        SCANNER,
        r"^WhatsApp/",
        "whatsapp-preview",
        source="faisalman/ua-parser-js, fetcher.json",
        matches="WhatsApp/2.23.20.0",
        leaves="Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "WhatsApp/2",
    ),
    Rule(
        SCANNER,
        r"\bMicrosoft (?:Office )?(?:Excel|PowerPoint|Access|OneNote|Publisher|Visio|Project|Lync|InfoPath)\b"
        r"|\bMicrosoft (?:Exchange/|Office (?:Existence|Protocol) Discovery|BITS|URL Control)"
        r"|\bMicrosoft-(?:WebDAV|CryptoAPI|Delivery)",
        "microsoft-service",
        source="JayBizzle/Crawler-Detect, crawlers.txt; omrilotan/isbot, crawlers.yml",
        matches="Microsoft Office/16.0 (Windows NT 10.0; Microsoft Excel 16.0.13231; Pro)",
        leaves="Microsoft Office/16.0 (Windows NT 10.0; Microsoft Word 16.0.10730; Converter)",
    ),
    Rule(
        UNKNOWN,
        r"^Microsoft Office/|\bMSOffice\b|\bMicrosoft (?:Office )?Word\b",
        "microsoft-office",
        source="nielsbasjes/yauaa, EMailClients.yaml",
        matches="Microsoft Office/16.0",
        leaves="Microsoft Exchange/15.20 (Windows NT 10.0; Win64; x64)",
    ),
    Rule(
        SCANNER,
        r"Headless|(?<![a-z])(?:PhantomJS|SlimerJS|HtmlUnit|jsdom|Puppeteer|Playwright|Selenium|WebDriver|Cypress"
        r"|wkhtmlto\w+|Chrome-Lighthouse|Page ?Speed|PTST)(?![a-z])",
        "automated-browser",
        source="matomo-org/device-detector, Tests/Parser/Client/fixtures/library.yml and browser.yml",
        matches="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/74.0.3729.169 "
        "Safari/537.36",
        leaves="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Mailspring/1.22.0 "
        "Chrome/146.0.7680.216 Electron/39.0.0 Safari/537.36",
    ),
    Rule(
        SCANNER,
        r"^(?:curl|wget|httpie|aria2|jetty|okhttp|got|deno|bun|dart|go|k6|siege|wrk|axios|undici|reqwest|hyper|faraday)"
        r"(?:$|[/ (-])|^(?:python|java|perl|ruby|php|node|lua|swift)(?:$|[^a-z]|client)"
        r"|(?<![a-z])(?:http[-_]?(?:client|request)|rest[-_]?client|python-|urllib|libwww-perl|libcurl|pycurl|winhttp"
        r"|(?:windows)?powershell|aiohttp|guzzle|mechanize|scrapy|httrack|colly|postmanruntime|lwp[-:]|indy library)",
        "script",
        source="faisalman/ua-parser-js, library.json and cli.json; matomo-org/device-detector, library.yml",
        matches="curl/7.29.0 (x86_64-redhat-linux-gnu) libcurl/7.29.0",
        leaves="Mozilla/5.0 (PlayStation 4) AppleWebKit/537.73 (KHTML, like Gecko)",
    ),
    Rule(
        SCANNER,
        r"anti-?virus(?![a-z])|virus ?(?:scan|total)|anti-?(?:phish|spam)|malware|vulnerabilit|sandbox|link protection"
        r"|security[ -](?:cent|scan|test)",
        "security-check",
        source="JayBizzle/Crawler-Detect, crawlers.txt; monperrus/crawler-user-agents",
        matches="Mozilla/5.0 (compatible; YandexAntivirus/2.0; +http://yandex.com/bots)",
        leaves="Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; AntivirXP08)",
    ),
    Rule(
        SCANNER,
        words(
            *("Barracuda", "SpamExperts", "BrightCloud", "BitSight", "Netcraft", "Expanse", "CensysInspect", "zgrab"),
            *("masscan", "Nmap", "Nessus", "Qualys"),
        ),
        "security-vendor",
        source="JayBizzle/Crawler-Detect, crawlers.txt; monperrus/crawler-user-agents",
        matches="Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
        leaves="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/84.0.1126.742 "
        "Safari/537.36 OPR/43ENDRNMAP1GSITEP",
    ),
    Rule(
        SCANNER,
        words("Mimecast", "Proofpoint", "MessageLabs", "IronPort", "FireEye", "Forcepoint", "TrendMicro"),
        "gateway",
        source="the vendors' names; tests/fingerprints.json; tests/fingerprints-2.json",
        matches="Mozilla/5.0 (compatible; Proofpoint/2.0)",
        leaves="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Proofpoints/2.0",
    ),
    Rule(
        SCANNER,
        words(
            *("facebookexternalhit", "facebookcatalog", "meta-externalfetcher", "meta-externalagent", "Iframely"),
            *("Embedly", "vkShare", "dotMailer content retrieval", "Slack-ImgProxy", "Catchpoint", "Dotcom-Monitor"),
            *("StatusCake", "Pingdom", "PingdomTMS", "Site24x7", "GTmetrix", "HetrixTools", "NewRelicPinger"),
            *("Datadog", "Checkly", "check_http", "Zabbix", "AppInsights", "ThousandEyes", "Siteimprove"),
            *("azure-logic-apps", "microsoft-flow"),
        ),
        "service",
        source="matomo-org/device-detector, Tests/fixtures/bots.yml; omrilotan/isbot, crawlers.yml",
        matches="Mozilla/5.0 (Windows NT 6.2; WOW64) AppleWebKit/537.4 (KHTML, like Gecko) Chrome/98 Safari/537.4 "
        "(StatusCake)",
        leaves="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Binance/1.26.0 "
        "Chrome/89.0.4389.128 Electron/12.0.7 Safari/537.36 (electron 1.26.0)",
    ),
    Rule(
        SCANNER,
        r"(?-i:[a-z]-Google)(?![a-z])|(?<![a-z])Google(?:-(?!HTTP|TR-)[a-z]| Favicon)",
        "google-service",
        source="matomo-org/device-detector, Tests/fixtures/bots.yml; developers.google.com, Google's crawlers",
        matches="Mozilla/5.0 AppleWebKit/537.36 Chrome/95.0.4638.69 Safari/537.36 Google-Ads-Conversions",
        leaves="Groupon/2.8.3084 (Android 4.3; LGE Mako)[locale=de_DE;clientidbase=android-google]",
    ),
    Rule(
        SCANNER,
        r"bots?(?![a-z])|crawl|spider|scrap(?:e|er|y)?(?![a-z])|scann?(?:er|ing)?(?![a-z])|slurp|fetcher"
        r"|preview(?:s|er|generator)?(?![a-z])|verif(?:y|ier|ication)|validator|archiver|indexer|checker|check ?link"
        r"|link ?check|health ?check|uptime|monitor(?:ing)?(?![a-z])|synthetics?(?![a-z])|observatory|measurement"
        r"|screenshot|categori[sz]",
        "robot",
        source="monperrus/crawler-user-agents; matomo-org/device-detector, Tests/fixtures/bots.yml",
        matches="Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        leaves="Mozilla/5.0 (Linux; Android 7.0; M bot 54) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/78.0.3904.96 "
        "Mobile Safari/537.36",
    ),
    Rule(
        SCANNER,
        r"\+ ?(?:https?:|mailto:|www\.|[\w.-]+@)|Safari/[\d.]+ .{0,200}?https?://"
        # A URL or an email address alone will do where no engine shows that it is a browser.
        r"|^(?!.*(?:AppleWebKit|Gecko/|MSIE|Trident|Presto|KHTML)).*(?:https?://|\w@\w+\.\w)",
        "contact",
        source="RFC 9110, section 10.1.5; monperrus/crawler-user-agents",
        matches="Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/92.0.4515.107 Safari/537.36 (compatible; +https://developers.cloudflare.com/)",
        leaves="Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 "
        "Safari/537.36 HbbTV/1.6.1 (+DRM; LGE; 43UM767H0LC; WEBOS23 03.04.10;)",
    ),
    Rule(
        SCANNER,
        r"\(KHTML, like Gecko; (?!googleweblight|Google Wireless)|Safari/[\d.]+ .{0,200}?\(compatible;",
        "added-comment",
        source="monperrus/crawler-user-agents; matomo-org/device-detector, Tests/fixtures/bots.yml",
        matches="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko; compatible; BW/1.1) "
        "Chrome/84.0.4147.105 Safari/537.36",
        leaves="Mozilla/5.0 (Linux; Android 4.2.1; en-us; Nexus 5 Build/JOP40D) AppleWebKit/535.19 (KHTML, like Gecko; "
        "googleweblight) Chrome/38.0.1025.166 Mobile Safari/535.19",
    ),
    Rule(
        SCANNER,
        r"Safari/[\d.]+ .{0,200}?(?:[a-z]Agent(?![a-z])|(?<![a-z])Agent(?:$|-))",
        "agent",
        source="matomo-org/device-detector, Tests/fixtures/bots.yml; faisalman/ua-parser-js, fetcher.json",
        matches="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
        "Safari/537.36 CybaaAgent",
        leaves="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
        "Safari/537.36",
    ),
    Rule(
        SCANNER,
        # Chrome on computers says no build since version 110, and the last number of none was 0.
        rf"^Mozilla/5\.0 \((?:Windows NT|Macintosh|X11)[^()]*\) {_CHROME}(?:1[1-9]|[2-9]\d)\d\.0\.[1-9]\d*\.0 "
        r"Safari/537\.36$",
        "forged-build",
        source="chromium.org, User-Agent Reduction; tests/fingerprints-2.json",
        matches="Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/141.0.7390.0 Safari/537.36",
        leaves="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.224 "
        "Safari/537.36",
    ),
)

#: Programs with a window on somebody's computer: no list of crawlers overrules these.
DESKTOP_APPS = (
    Rule(
        PERSON,
        r"(?<![a-z])(?:Electron|QtWebEngine|Fluid|coccocbrowser)/\d",
        "desktop-app",
        source="electronjs.org and doc.qt.io, user agents; faisalman/ua-parser-js, inapp.json",
        matches="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Notion/2.0.8 "
        "Chrome/76.0.3809.146 Electron/6.1.5 Safari/537.36",
        leaves="Mozilla/5.0 (X11; Linux aarch64) AppleWebKit/537.36 (KHTML, like Gecko) Cypress/12.1.0 "
        "Chrome/106.0.5249.51 Electron/21.0.0 Safari/537.36",
    ),
)

#: Headers by which machines give themselves away.
ROBOT_HEADERS = (
    Rule(
        SCANNER,
        r'^Sec-CH-UA: .*"Headless',
        "headless-hint",
        source="JayBizzle/Crawler-Detect, tests/data/sec_ch_ua/crawlers.txt",
        matches='Sec-CH-UA: "HeadlessChrome";v="129", "Not=A?Brand";v="8", "Chromium";v="129"',
        leaves='Sec-CH-UA: "Google Chrome";v="129", "Not=A?Brand";v="8", "Chromium";v="129"',
    ),
    Rule(
        SCANNER,
        r"^From:",
        "from-header",
        source="RFC 9110, section 10.1.2",
        matches="From:",
        leaves="X-Purpose: from",
    ),
)

#: What the optional list of crawlers knows.
LISTED = Rule(SCANNER, "", "listed", source="the package of the extra scanners")

#: What is left: browsers, email clients that call themselves one, and the rest.
BROWSERS = (
    Rule(UNKNOWN, r"^$", "no-user-agent", source="RFC 9110, section 10.1.5", leaves="-"),
    Rule(
        PERSON,
        r"AppleWebKit/?[\d.]+|\b(?:Gecko|Goanna|Trident|Presto|KHTML)/[\d.]+|\bMSIE [\d.]+|\bOpera[ /][\d.]+"
        r"|\b(?:Opera Mini|NetFront|UP\.Browser|UP\.Link|Obigo\w*|Lynx|w3m|Dillo|NetSurf)/\w"
        r"|\bUC ?Browser/?\d|\bMIDP-\d",
        "browser",
        source="RFC 9110, section 10.1.5; WHATWG, Compatibility",
        matches="Mozilla/5.0 (X11; Linux x86_64; rv:71.0) Gecko/20100101 Firefox/71.0",
        leaves="Mozilla/5.0 (X11; Linux x86_64)",
    ),
    Rule(
        UNKNOWN,
        r"\b(?:Windows|Win(?:32|64|9[58]|NT)|Macintosh|Mac ?OS|Darwin|Linux|Android|iPhone|iPad|iPod|iOS|X11|CrOS"
        r"|Symbian\w*|Series ?[4-9]0|BlackBerry\w*|\w*BSD|Tizen|KAIOS|webOS|Web0S|PlayStation|Nintendo|Xbox|SunOS"
        r"|J2ME|Nokia\w*|HbbTV|iPadOS|watchOS|Watch OS|tvOS|Palm ?OS|AmigaOS|Bada|BREW|Haiku|QNX|MeeGo|Maemo)\b",
        "platform-only",
        source="RFC 9110, section 10.1.5",
        matches="Dalvik/2.1.0 (Linux; U; Android 9; SM-G960F Build/PPR1.180610.011)",
        leaves="Dalvik/2.1.0",
    ),
)

#: What names neither an engine nor a platform nor an email client.
NO_ENGINE = Rule(
    SCANNER, "", "no-engine", source="RFC 9110, section 10.1.5", matches="cortex/1.0", leaves="Darwin/24.4.0"
)

#: On a click over https: browsers that send ``Sec-Fetch-Mode`` with every request there. What
#: looks like one of them and does not send it is no person for certain.
SENDERS_OF_FETCH_MODE = (
    Rule(
        UNKNOWN,
        r"\bChrome/(?:7[6-9]|[89]\d|\d{3})\.|\bFirefox/(?:9\d|\d{3})\.|\bVersion/(?:16\.[4-9]|1[7-9]|[2-9]\d)[. ]"
        r"|\bOS (?:16_[4-9]|1[7-9]_|[2-9]\d_)\w* like Mac OS X",
        "no-fetch-mode",
        source="MDN, browser-compat-data, Sec-Fetch-Mode",
        matches="Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        leaves="Mozilla/5.0 (X11; Linux x86_64; rv:71.0) Gecko/20100101 Firefox/71.0",
    ),
)
