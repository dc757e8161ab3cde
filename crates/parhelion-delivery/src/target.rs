//! Where deliveries may go. The rule is put to the *resolved* address right before connecting, for every hop of a
//! redirect, so a name that resolves to something else later is no way around it.

use crate::url;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The rule (`--deliver-to loopback|private|any|LIST`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DeliverTo {
    /// Anywhere, as the clouds would, but for link-local and metadata addresses.
    #[default]
    Any,
    /// Loopback and private networks.
    Private,
    /// This machine.
    Loopback,
    /// What one of these names.
    List(Vec<Allowed>),
}

/// An entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// `loopback`.
    Loopback,
    /// `private`.
    Private,
    /// `host`, `host:port`, `*.domain`, an address.
    Host {
        /// In lower case, without brackets; begins with `*.` for all names below a domain.
        name: String,
        /// Any port when absent.
        port: Option<u16>,
    },
}

/// Why a text is no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadDeliverTo(pub String);

impl fmt::Display for BadDeliverTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\"{}\" names no place to deliver to: any, private, loopback, or a list of host[:port], *.domain, address, \
             loopback, private, separated by commas",
            self.0.chars().take(80).collect::<String>()
        )
    }
}
impl std::error::Error for BadDeliverTo {}

impl FromStr for DeliverTo {
    type Err = BadDeliverTo;
    fn from_str(text: &str) -> Result<Self, BadDeliverTo> {
        Ok(match text.trim().to_ascii_lowercase().as_str() {
            "any" => DeliverTo::Any,
            "private" => DeliverTo::Private,
            "loopback" => DeliverTo::Loopback,
            list => DeliverTo::List(list.split(',').map(|e| entry(e.trim())).collect::<Result<_, _>>()?),
        })
    }
}

fn entry(text: &str) -> Result<Allowed, BadDeliverTo> {
    let bad = || BadDeliverTo(text.to_owned());
    match text {
        "loopback" => return Ok(Allowed::Loopback),
        "private" => return Ok(Allowed::Private),
        _ => {}
    }
    if let Ok(v6) = text.parse::<Ipv6Addr>() {
        return Ok(Allowed::Host { name: v6.to_string(), port: None });
    }
    let (host, port) = url::split_port(text).map_err(|_| bad())?;
    url::check_host(host.strip_prefix("*.").unwrap_or(host)).map_err(|_| bad())?;
    let port = port.map(|p| p.parse::<u16>().ok().filter(|p| *p != 0).ok_or_else(bad)).transpose()?;
    Ok(Allowed::Host { name: host.trim_matches(['[', ']']).to_owned(), port })
}

impl fmt::Display for DeliverTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeliverTo::Any => f.write_str("any"),
            DeliverTo::Private => f.write_str("private"),
            DeliverTo::Loopback => f.write_str("loopback"),
            DeliverTo::List(entries) => {
                for (i, entry) in entries.iter().enumerate() {
                    let comma = if i == 0 { "" } else { "," };
                    match entry {
                        Allowed::Loopback => write!(f, "{comma}loopback")?,
                        Allowed::Private => write!(f, "{comma}private")?,
                        Allowed::Host { name, port } => {
                            write!(f, "{comma}")?;
                            if name.contains(':') {
                                write!(f, "[{name}]")?
                            } else {
                                f.write_str(name)?
                            }
                            port.map_or(Ok(()), |p| write!(f, ":{p}"))?;
                        }
                    }
                }
                Ok(())
            }
        }
    }
}

impl DeliverTo {
    /// Whether a connection to this address may be made for that host and port; the error says why not.
    pub fn check(&self, host: &str, port: u16, address: IpAddr) -> Result<(), String> {
        let address = plain(address);
        let named = |entry: &Allowed| match entry {
            Allowed::Loopback | Allowed::Private => false,
            Allowed::Host { name, port: p } => {
                p.is_none_or(|p| p == port) && name.parse::<IpAddr>().is_ok_and(|ip| plain(ip) == address)
            }
        };
        if let Some(what) = never(address) {
            // Only who writes the address itself into the list means it.
            return match self {
                DeliverTo::List(entries) if entries.iter().any(named) => Ok(()),
                _ => Err(format!("{host} is {address}, a {what} address: deliveries do not go there")),
            };
        }
        let allowed = match self {
            DeliverTo::Any => true,
            DeliverTo::Private => is_private(address),
            DeliverTo::Loopback => is_loopback(address),
            DeliverTo::List(entries) => entries.iter().any(|entry| match entry {
                Allowed::Loopback => is_loopback(address),
                Allowed::Private => is_private(address),
                Allowed::Host { name, port: p } => {
                    named(entry) || (p.is_none_or(|p| p == port) && name_matches(name, host))
                }
            }),
        };
        if allowed {
            Ok(())
        } else {
            Err(format!("{host}:{port} ({address}) is outside of what --deliver-to allows: {self}"))
        }
    }
}

fn name_matches(pattern: &str, host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    match pattern.strip_prefix("*.") {
        Some(domain) => host.strip_suffix(domain).is_some_and(|h| h.len() > 1 && h.ends_with('.')),
        None => host == pattern,
    }
}

/// The address that is really meant: IPv4 inside IPv6 (mapped, NAT64, 6to4) unpacked.
fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address.to_canonical() else { return address.to_canonical() };
    let s = v6.segments();
    let v4 = |a: u16, b: u16| {
        let ([a, b], [c, d]) = (a.to_be_bytes(), b.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0x64, 0xff9b, 0, 0, 0, 0, a, b] => v4(a, b),
        [0x2002, a, b, ..] => v4(a, b),
        _ => IpAddr::V6(v6),
    }
}

/// Addresses that answer with a machine's credentials, or belong to nobody beyond the next cable.
fn never(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(a) if a.is_link_local() => Some("link-local"),
        // Azure's and Alibaba's instance services lie outside of the link-local range.
        IpAddr::V4(a) if [[168, 63, 129, 16], [100, 100, 100, 200]].contains(&a.octets()) => Some("metadata"),
        IpAddr::V4(a) if a.is_broadcast() || a.is_multicast() => Some("multicast"),
        IpAddr::V6(a) if a.is_unicast_link_local() => Some("link-local"),
        // The IPv6 metadata addresses of AWS and Google.
        IpAddr::V6(a)
            if matches!(
                a.segments(),
                [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254]
            ) =>
        {
            Some("metadata")
        }
        IpAddr::V6(a) if a.is_multicast() => Some("multicast"),
        _ => None,
    }
}

fn is_loopback(address: IpAddr) -> bool {
    // Connecting to "unspecified" reaches this machine.
    address.is_loopback()
        || address.is_unspecified()
        || matches!(address, IpAddr::V4(a) if a.octets()[0] == 0)
}

fn is_private(address: IpAddr) -> bool {
    is_loopback(address)
        || match address {
            // 100.64/10 is shared address space: never public.
            IpAddr::V4(a) => a.is_private() || (a.octets()[0] == 100 && a.octets()[1] & 0xc0 == 64),
            IpAddr::V6(a) => a.is_unique_local(),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(rule: &str, host: &str, port: u16, address: &str) -> bool {
        rule.parse::<DeliverTo>().unwrap().check(host, port, address.parse().unwrap()).is_ok()
    }

    #[test]
    fn metadata_and_link_local_are_refused_in_every_disguise() {
        for address in [
            "169.254.169.254",
            "169.254.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "fe80::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "168.63.129.16",
            "100.100.100.200",
            "255.255.255.255",
            "ff02::1",
        ] {
            for rule in ["any", "private", "loopback", "metadata.internal", "*.internal"] {
                assert!(!allows(rule, "metadata.internal", 80, address), "{rule} {address}");
            }
        }
        assert!(allows("169.254.169.254", "metadata", 80, "169.254.169.254"), "written out, it is meant");
        assert!(!allows("169.254.169.254:81", "metadata", 80, "169.254.169.254"));
    }

    #[test]
    fn the_rules_narrow() {
        for (rule, yes, no) in [
            ("any", vec!["8.8.8.8", "10.0.0.1", "127.0.0.1", "2001:db8::1"], vec![]),
            (
                "private",
                vec![
                    "10.1.2.3",
                    "172.16.0.1",
                    "192.168.1.1",
                    "100.64.0.1",
                    "127.9.9.9",
                    "::1",
                    "fd12::1",
                    "::ffff:10.0.0.1",
                ],
                vec!["8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1"],
            ),
            (
                "loopback",
                vec!["127.0.0.1", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1"],
                vec!["10.0.0.1", "8.8.8.8", "fd12::1"],
            ),
            ("10.0.0.5,loopback", vec!["10.0.0.5", "127.0.0.1", "::ffff:10.0.0.5"], vec!["10.0.0.6"]),
        ] {
            yes.iter().for_each(|a| assert!(allows(rule, "h", 80, a), "{rule} {a}"));
            no.iter().for_each(|a| assert!(!allows(rule, "h", 80, a), "{rule} {a}"));
        }
    }

    #[test]
    fn a_list_names_hosts_ports_and_domains() {
        let rule = "Hooks.example.com:8443, *.test,[::1]:81";
        assert!(allows(rule, "hooks.EXAMPLE.com", 8443, "8.8.8.8"));
        assert!(!allows(rule, "hooks.example.com", 443, "8.8.8.8"));
        assert!(!allows(rule, "example.com", 8443, "8.8.8.8"));
        assert!(allows(rule, "a.b.test", 1, "8.8.8.8") && allows(rule, "a.test.", 1, "8.8.8.8"));
        assert!(!allows(rule, "test", 1, "8.8.8.8") && !allows(rule, "atest", 1, "8.8.8.8"));
        assert!(allows(rule, "localhost", 81, "::1") && !allows(rule, "localhost", 80, "::1"));
        assert_eq!(rule.parse::<DeliverTo>().unwrap().to_string(), "hooks.example.com:8443,*.test,[::1]:81");
        let why =
            rule.parse::<DeliverTo>().unwrap().check("x.org", 80, "8.8.8.8".parse().unwrap()).unwrap_err();
        assert_eq!(
            why,
            "x.org:80 (8.8.8.8) is outside of what --deliver-to allows: hooks.example.com:8443,*.test,[::1]:81"
        );
    }

    #[test]
    fn a_bad_rule_is_refused_by_name() {
        for bad in ["", "a,,b", "http://x", "h:0", "h:x", "a b", "*.", "[::1"] {
            assert!(bad.parse::<DeliverTo>().is_err(), "{bad}");
        }
        assert!("h:x".parse::<DeliverTo>().unwrap_err().to_string().starts_with("\"h:x\" names no place"));
    }
}
