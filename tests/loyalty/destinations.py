"""Where a webhook must never go, in many spellings, and where it may."""

# fmt: off  # a line is a theme
NOT_PUBLIC = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1"),
    *("127.255.255.254", "169.254.169.254", "168.63.129.16", "172.16.0.1", "172.31.255.255", "192.0.0.1"),
    *("192.0.0.192", "192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.0.1"),
    *("192.175.48.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
    *("239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1"),
    *("::ffff:7f00:1", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1"),
    *("2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::", "3fff::1", "4000::1", "5f00::1", "fc00::1"),
    *("fd00:ec2::254", "fe80::1", "fe80::1%1", "fec0::1", "ff02::1"),
]
PUBLIC = [
    *("1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.32.0.1", "192.0.1.1"),
    *("2606:4700::1111", "2a00::1"),
]

UNSAFE = [
    *(f"http://[{text}]/" if ":" in text else f"http://{text}/" for text in NOT_PUBLIC),
    *("http://2130706433/", "http://0x7f000001/", "http://0X7F.1/", "http://017700000001/", "http://127.1/"),
    *("http://0177.0.0.1/", "http://0/", "http://①②⑦.⓪.⓪.①/", "http://127.0.0.1./", "http://1.2.3.4.5/"),
    *("http://localhost/", "http://LOCALHOST/", "http://localhost./", "http://localhost.localdomain/"),
    *("http://app.localhost/", "http://ip6-localhost/", "http://user@127.0.0.1/", "http://[0:0:0:0:0:0:0:1]/"),
    *("http://metadata.google.internal/", "http://router.lan/", "http://redis/", "http://printer.local/"),
    *("http://user@example.com/", "http://user:pass@example.com/", "http://127.0.0.1#@example.com"),
    *(
        "http://example.com\\@127.0.0.1/",
        "http://example.com#fragment",
        "http://example.com/a b",
        "http://exa mple.com/",
    ),
    *("file:///etc/passwd", "gopher://example.com/", "ftp://example.com/", "javascript:alert(1)", "data:text/html,x"),
    *(
        "HTTP://example.com/",
        "ht\ttp://example.com/",
        "http:\n//example.com/",
        " http://example.com/",
        "//example.com/",
    ),
    *("http://example.com:22/", "http://example.com:25/", "http://example.com:5432/", "http://example.com:6379/"),
    *("http://example.com:0/", "http://example.com:65536/", "http://example.com:/", "http://example.com:99999999/"),
    *(
        "http://example.com/\r\nHost: evil",
        "http://example.com/\x00",
        "http://example.com/ä",
        "http://bücher.example/",
    ),
    *(
        "http://раypal.example/",
        "http://example.com./",
        "http://.example.com/",
        "http://a..example.com/",
        "http://-a.com/",
    ),
    *(
        "http://" + "a" * 64 + ".com/",
        "http://example.com/" + "a" * 2030,
        "http://[::1/",
        "http://[8.8.8.8]/",
        "http:///hook",
        "http://",
        "",
    ),
]
SAFE = [
    *(
        "http://example.com",
        "http://example.com/",
        "http://example.com:8443/hooks/1?key=a%20b&c=[d]",
        "http://8.8.8.8/",
    ),
    *("http://xn--bcher-kva.example/", "http://[2606:4700::1111]:8080/", "http://my_shop.example.co.uk/a;b=c,d@e:f"),
    "http://example.com/" + "a" * 2029,
]
