//! From a URL to a connection: name, rule of where deliveries may go, TCP, TLS.

use crate::target::DeliverTo;
use crate::url::Url;
use crate::wire::Failure;
use futures_util::future::BoxFuture;
use parhelion_core::ErrorClass;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{self, CryptoProvider};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Turns a name and port into addresses; the system's resolver unless a test brings its own.
pub type Resolver = Arc<dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// While further addresses of a name are left, one of them gets this long to answer.
const NEXT_ADDRESS_AFTER: Duration = Duration::from_secs(2);

pub(crate) fn system_resolver() -> Resolver {
    Arc::new(|host, port| Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) }))
}

/// A connection, encrypted or not.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

/// Opens a connection to the URL's host. The rule is put to the addresses that are then connected to, not to the name.
pub(crate) async fn tcp(url: &Url, rule: &DeliverTo, resolver: &Resolver) -> Result<TcpStream, Failure> {
    let host = url.host_name();
    let (mut allowed, mut refused) = (Vec::new(), None);
    for address in addresses(host, url.port, resolver).await? {
        match rule.check(host, url.port, address.ip()) {
            Ok(()) => allowed.push(address),
            Err(why) => refused = refused.or(Some(why)),
        }
    }
    let mut failure = match refused {
        Some(why) => (ErrorClass::NotAllowed, why),
        None => (ErrorClass::Dns, format!("the name `{host}` has no address")),
    };
    let count = allowed.len();
    for (i, address) in allowed.into_iter().enumerate() {
        let connecting = TcpStream::connect(address);
        let done = if i + 1 < count {
            let late = || {
                io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {NEXT_ADDRESS_AFTER:?}"))
            };
            tokio::time::timeout(NEXT_ADDRESS_AFTER, connecting).await.unwrap_or_else(|_| Err(late()))
        } else {
            connecting.await
        };
        match done {
            Ok(stream) => {
                // A small request must not wait for the acknowledgement of the one before; failing costs only time.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(e) => failure = (ErrorClass::Refused, format!("no connection to {address}: {e}")),
        }
    }
    Err(failure)
}

async fn addresses(host: &str, port: u16, resolver: &Resolver) -> Result<Vec<SocketAddr>, Failure> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    // RFC 6761, 6.3: these are this machine; not every resolver knows it of the names below `localhost`.
    if name == "localhost" || name.ends_with(".localhost") {
        return Ok(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]);
    }
    resolver(host.to_owned(), port)
        .await
        .map_err(|e| (ErrorClass::Dns, format!("the name `{host}` could not be resolved: {e}")))
}

/// The two ways of TLS: with the receiver's certificate verified, and without.
pub(crate) struct Tls {
    verified: TlsConnector,
    unverified: TlsConnector,
}

impl Tls {
    /// Trusts the public roots, and those of `extra_pem`.
    pub fn new(extra_pem: Option<&[u8]>) -> Result<Tls, String> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(pem) = extra_pem {
            let before = roots.len();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate =
                    certificate.map_err(|e| format!("the certificates to trust are no PEM: {e}"))?;
                roots.add(certificate).map_err(|e| format!("a certificate to trust is unusable: {e}"))?;
            }
            if roots.len() == before {
                return Err("there is no certificate among the certificates to trust".to_owned());
            }
        }
        // The provider is named here: a process-wide default may be missing, or be another one.
        let provider = Arc::new(crypto::ring::default_provider());
        let versions = || {
            ClientConfig::builder_with_provider(provider.clone())
                .with_safe_default_protocol_versions()
                .map_err(|e| format!("TLS cannot be set up: {e}"))
        };
        let verified = versions()?.with_root_certificates(roots).with_no_client_auth();
        let unverified = versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider.clone())))
            .with_no_client_auth();
        let connector = |mut config: ClientConfig| {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            TlsConnector::from(Arc::new(config))
        };
        Ok(Tls { verified: connector(verified), unverified: connector(unverified) })
    }

    /// Puts TLS on a connection where the URL asks for it.
    pub async fn wrap(
        &self,
        stream: TcpStream,
        url: &Url,
        verify: bool,
    ) -> Result<Box<dyn Connection>, Failure> {
        if !url.tls {
            return Ok(Box::new(stream));
        }
        let tls = |e: &dyn std::fmt::Display| (ErrorClass::Tls, format!("no TLS with {}: {e}", url.place()));
        let name = ServerName::try_from(url.host_name().to_owned()).map_err(|e| tls(&e))?;
        let connector = if verify { &self.verified } else { &self.unverified };
        let stream = connector.connect(name, stream).await.map_err(|e| tls(&e))?;
        Ok(Box::new(stream))
    }
}

/// Takes any certificate; the handshake's signatures still have to fit it.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
