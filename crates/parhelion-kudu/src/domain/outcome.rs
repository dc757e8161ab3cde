//! What a hook shows of its last delivery: the .NET name of the answer's status, or `Failure` and why.

use parhelion_core::{DeliveryStatus, ErrorClass, Settled};

/// `last_status` and `last_reason` after an attempt; `None` when it never took place.
pub fn of(report: &Settled, is_http: bool) -> Option<(String, String)> {
    if report.status == DeliveryStatus::Cancelled {
        return None;
    }
    let answered = match &report.error {
        None | Some((ErrorClass::Status, _)) => report.response_status,
        Some(_) => None,
    };
    if let Some(status) = answered {
        let reason = match &report.response_reason {
            Some(sent) if !sent.is_empty() => sent.clone(),
            _ => standard_reason(status).to_owned(),
        };
        return Some((status_name(status), reason));
    }
    let why = if !is_http {
        "Only 'http' and 'https' schemes are allowed.\r\nParameter name: value"
    } else {
        match report.error.as_ref().map(|(class, _)| *class) {
            Some(ErrorClass::Timeout) => "A task was canceled.",
            // Without a status line there was no content yet to copy.
            Some(ErrorClass::Body) if report.response_status.is_some() => {
                "Error while copying content to a stream."
            }
            _ => "An error occurred while sending the request.",
        }
    };
    Some(("Failure".to_owned(), why.to_owned()))
}

fn standard_reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or_default()
}

/// The name of a status in .NET Framework's `HttpStatusCode`; those it has no name for (418, 422, 429, 451 …)
/// are written as their number.
pub fn status_name(status: u16) -> String {
    let name = match status {
        100 => "Continue",
        101 => "SwitchingProtocols",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "NonAuthoritativeInformation",
        204 => "NoContent",
        205 => "ResetContent",
        206 => "PartialContent",
        // CHOICE: of the two names that 300 to 303 and 307 each have, the one the RFC uses.
        300 => "MultipleChoices",
        301 => "MovedPermanently",
        302 => "Found",
        303 => "SeeOther",
        304 => "NotModified",
        305 => "UseProxy",
        306 => "Unused",
        307 => "TemporaryRedirect",
        400 => "BadRequest",
        401 => "Unauthorized",
        402 => "PaymentRequired",
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        406 => "NotAcceptable",
        407 => "ProxyAuthenticationRequired",
        408 => "RequestTimeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "LengthRequired",
        412 => "PreconditionFailed",
        413 => "RequestEntityTooLarge",
        414 => "RequestUriTooLong",
        415 => "UnsupportedMediaType",
        416 => "RequestedRangeNotSatisfiable",
        417 => "ExpectationFailed",
        426 => "UpgradeRequired",
        500 => "InternalServerError",
        501 => "NotImplemented",
        502 => "BadGateway",
        503 => "ServiceUnavailable",
        504 => "GatewayTimeout",
        505 => "HttpVersionNotSupported",
        other => return other.to_string(),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use parhelion_core::{DeliveryId, Timestamp};

    fn report(status: Option<u16>, reason: Option<&str>, error: Option<ErrorClass>) -> Settled {
        Settled {
            delivery: DeliveryId(1),
            subject: "hook:1".into(),
            event: "PostDeployment".into(),
            status: if error.is_none() { DeliveryStatus::Succeeded } else { DeliveryStatus::Failed },
            attempts: 1,
            sent_at: Timestamp::UNIX_EPOCH,
            at: Timestamp::UNIX_EPOCH,
            response_status: status,
            response_reason: reason.map(str::to_owned),
            response_body: bytes::Bytes::new(),
            error: error.map(|class| (class, "why".to_owned())),
            request_body: bytes::Bytes::new(),
        }
    }
    fn shown(report: &Settled) -> (String, String) {
        of(report, true).unwrap()
    }
    fn pair(status: &str, reason: &str) -> (String, String) {
        (status.to_owned(), reason.to_owned())
    }

    #[test]
    fn an_answer_of_any_status_is_named() {
        assert_eq!(shown(&report(Some(200), Some("Fine"), None)), pair("OK", "Fine"));
        assert_eq!(shown(&report(Some(204), None, None)), pair("NoContent", "No Content"));
        let failed = |status| report(Some(status), None, Some(ErrorClass::Status));
        assert_eq!(shown(&failed(500)), pair("InternalServerError", "Internal Server Error"));
        assert_eq!(shown(&failed(410)), pair("Gone", "Gone"));
        assert_eq!(shown(&failed(429)), pair("429", "Too Many Requests"));
        assert_eq!(shown(&failed(799)), pair("799", ""));
    }

    #[test]
    fn no_answer_is_a_failure_with_its_reason() {
        let failed = |class| shown(&report(None, None, Some(class)));
        let sending = "An error occurred while sending the request.";
        assert_eq!(failed(ErrorClass::Timeout), pair("Failure", "A task was canceled."));
        for class in
            [ErrorClass::Dns, ErrorClass::Refused, ErrorClass::Tls, ErrorClass::Reset, ErrorClass::NotAllowed]
        {
            assert_eq!(failed(class), pair("Failure", sending));
        }
        // A head without a whole body is no answer, nor is what has no head.
        let copying = "Error while copying content to a stream.";
        assert_eq!(shown(&report(Some(200), None, Some(ErrorClass::Body))), pair("Failure", copying));
        assert_eq!(failed(ErrorClass::Body), pair("Failure", sending));
        let ftp = of(&report(None, None, Some(ErrorClass::NotAllowed)), false).unwrap();
        assert_eq!(ftp.1, "Only 'http' and 'https' schemes are allowed.\r\nParameter name: value");
    }

    #[test]
    fn what_was_never_sent_leaves_no_trace() {
        let mut cancelled = report(None, None, Some(ErrorClass::Reset));
        cancelled.status = DeliveryStatus::Cancelled;
        assert_eq!(of(&cancelled, true), None);
    }
}
