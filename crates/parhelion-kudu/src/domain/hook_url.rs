//! A hook's address: whether it is a well-formed absolute URI, and how it may be shown.
//! What goes over the wire of it (user info and fragment do not) is the transport's affair.

/// Longest address, characters. Docs: longest `System.Uri`.
const LONGEST: usize = 65_519;

/// The parts of an address that rules here look at. Made by [`HookUrl::parse`] of well-formed ones alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HookUrl<'a> {
    /// Before the first colon.
    pub scheme: &'a str,
    /// Before the `@`, where there is one.
    pub user_info: Option<&'a str>,
    /// The text after the scheme's colon and up to the user info (`//`), or up to the rest without one.
    lead: &'a str,
    /// After the user info: host, port, path, query, fragment.
    rest: &'a str,
}

impl<'a> HookUrl<'a> {
    /// The parts, if the text is a well-formed absolute URI: a scheme, nothing that would have to be escaped, a
    /// host where the scheme has one. Any scheme will do.
    pub fn parse(text: &'a str) -> Option<Self> {
        if text.len() > LONGEST || !text.chars().all(may_stand) || !escapes_are_whole(text) {
            return None;
        }
        let (scheme, after) = text.split_once(':')?;
        let mut letters = scheme.bytes();
        // A scheme of one letter is a drive.
        if scheme.len() < 2
            || !letters.next().is_some_and(|b| b.is_ascii_alphabetic())
            || !letters.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            || after.is_empty()
        {
            return None;
        }
        let Some(from_authority) = after.strip_prefix("//") else {
            let needs_host = ["http", "https", "ws", "wss", "ftp", "gopher", "net.tcp", "net.pipe", "telnet"];
            let fits = !needs_host.iter().any(|s| scheme.eq_ignore_ascii_case(s));
            return fits.then_some(HookUrl { scheme, user_info: None, lead: "", rest: after });
        };
        let end = from_authority.find(['/', '?', '#']).unwrap_or(from_authority.len());
        let authority = &from_authority[..end];
        let (user_info, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        // `file:///x` alone may go without a host.
        let may_lack_host = scheme.eq_ignore_ascii_case("file");
        if !(is_host(host) || (host.is_empty() && may_lack_host)) {
            return None;
        }
        let skip = user_info.map_or(0, |u| u.len() + 1);
        Some(HookUrl { scheme, user_info, lead: &after[..2], rest: &from_authority[skip..] })
    }

    /// Whether requests can be sent there.
    pub fn is_http(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("http") || self.scheme.eq_ignore_ascii_case("https")
    }

    /// As it may be shown: a password, or what else stands before the `@`, masked.
    pub fn shown(&self) -> String {
        let user = match self.user_info {
            None => String::new(),
            Some(info) => match info.split_once(':') {
                Some((user, _)) => format!("{user}:****@"),
                None => "****@".to_owned(),
            },
        };
        format!("{}:{}{user}{}", self.scheme, self.lead, self.rest)
    }
}

/// Characters that need no escape. `char::is_control` holds for U+0080 to U+009F too.
fn may_stand(c: char) -> bool {
    !c.is_control() && !c.is_whitespace() && !matches!(c, '\\' | '"' | '<' | '>')
}

fn escapes_are_whole(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .all(|after| after.len() >= 2 && after.bytes().take(2).all(|b| b.is_ascii_hexdigit()))
}

fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(v6) => {
            let Some((v6, after)) = v6.split_once(']') else { return false };
            if v6.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            match after {
                "" => return true,
                after => match after.strip_prefix(':') {
                    Some(port) => ("v6", port),
                    None => return false,
                },
            }
        }
        None => text.split_once(':').unwrap_or((text, "")),
    };
    let fits = |c: char| c.is_alphanumeric() || "-._~".contains(c);
    !host.is_empty()
        && host.chars().all(fits)
        && (port.is_empty() || (port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_that_are_taken() {
        for good in [
            "http://www.callback.com/callback",
            "http://user:pass@host/p?q#f",
            "https://h:8443",
            "HTTP://H/",
            "ftp://h/x",
            "http://[::1]:4600/a%20b?c=d&e[]=1",
            "http://bücher.example/ä",
            "urn:some:thing",
            "localhost:8080/x",
            "net.tcp://h/x",
        ] {
            assert!(HookUrl::parse(good).is_some(), "{good}");
        }
    }

    #[test]
    fn addresses_that_are_refused() {
        for bad in [
            "",
            "/relative",
            "www.x.com/a",
            r"htsp://\invalidurl",
            "http://h/a b",
            "http://h/\"",
            "http://h/<a>",
            "http://h/%2",
            "http://h/%zz",
            "http://h/\u{7}",
            "http://h/\u{85}",
            "http://",
            "http:///x",
            "http://:80/",
            "http://h:99999/",
            "http://h:a/",
            "http:/h",
            "http:h",
            "http://a%20b/",
            "http://[::1/",
            "http://[zz]/",
            "c:/x",
            "1http://h/",
            "http:",
        ] {
            assert!(HookUrl::parse(bad).is_none(), "{bad}");
        }
        assert!(HookUrl::parse(&format!("http://h/{}", "a".repeat(70_000))).is_none());
    }

    #[test]
    fn a_password_is_never_shown() {
        let shown = |text| HookUrl::parse(text).unwrap().shown();
        assert_eq!(shown("http://u:p@h:1/ä?x#f"), "http://u:****@h:1/ä?x#f");
        assert_eq!(shown("http://token@h/"), "http://****@h/");
        assert_eq!(shown("urn:a:b"), "urn:a:b");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(http|ftp|x)?:?/{0,2}.{0,30}") {
            if let Some(url) = HookUrl::parse(&text) {
                prop_assert!(url.user_info.is_none_or(|info| info.len() < 5 || !url.shown().contains(info)));
            }
        }
        #[test]
        fn a_plain_address_is_shown_as_it_stands(host in "[a-z]{1,8}", path in "(/[a-z0-9._~-]{0,5}){0,4}", query in "(\\?[a-z=&]{0,8})?") {
            let text = format!("http://{host}{path}{query}");
            let url = HookUrl::parse(&text).unwrap();
            prop_assert_eq!(url.shown(), text);
        }
    }
}
