//! Why there is no answer, told so that an operator knows which server to look at.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::net::NetError;
use hickory_resolver::proto::ProtoError;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;

/// What was wrong with one server.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    TimedOut(Duration),
    Code(ResponseCode),
    Truncated,
    Unrelated,
    Referral,
    Network(NetError),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(timeout) => write!(f, "timed out after {timeout:?}"),
            Self::Code(ResponseCode::ServFail) => f.write_str("SERVFAIL"),
            Self::Code(ResponseCode::Refused) => f.write_str("REFUSED"),
            Self::Code(ResponseCode::FormErr) => f.write_str("FORMERR"),
            Self::Code(code) => write!(f, "response code {}, {code}", u16::from(*code)),
            Self::Truncated => f.write_str("truncated, and no answer over TCP"),
            Self::Unrelated => f.write_str("the answer is to another question"),
            Self::Referral => f.write_str("only a referral to other servers"),
            Self::Network(error) => error.fmt(f),
        }
    }
}

/// Why a question has no answer.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    question: String,
    reason: Reason,
}

#[derive(Clone, Debug)]
enum Reason {
    /// No server knew, each for its own reason.
    Servers(Vec<(SocketAddr, Fault)>),
    /// Aliases without an end.
    Aliases(usize),
    /// A name that cannot be asked for.
    Name(ProtoError),
}

impl Failure {
    pub(super) fn new(name: &str, kind: RecordType, faults: Vec<(SocketAddr, Fault)>) -> Self {
        Self { question: format!("{name} {kind}"), reason: Reason::Servers(faults) }
    }

    pub(super) fn too_many_aliases(name: &str, kind: RecordType, limit: usize) -> Self {
        Self { question: format!("{name} {kind}"), reason: Reason::Aliases(limit) }
    }

    pub(super) fn bad_name(name: &str, kind: RecordType, error: ProtoError) -> Self {
        Self { question: format!("{name} {kind}"), reason: Reason::Name(error) }
    }

    /// Whether no server said anything at all.
    pub(super) fn is_silence(&self) -> bool {
        let Reason::Servers(faults) = &self.reason else { return false };
        faults.iter().all(|(_, fault)| matches!(fault, Fault::TimedOut(_) | Fault::Network(NetError::Io(_))))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Servers(faults) => {
                write!(f, "no name server answered {} (", self.question)?;
                for (index, (server, fault)) in faults.iter().enumerate() {
                    write!(f, "{}{server}: {fault}", if index == 0 { "" } else { "; " })?;
                }
                f.write_str(")")
            }
            Reason::Aliases(limit) => {
                write!(f, "{} is a chain of more than {limit} aliases, or a ring of them", self.question)
            }
            Reason::Name(error) => write!(f, "{} cannot be asked for: {error}", self.question),
        }
    }
}

impl std::error::Error for Failure {}
