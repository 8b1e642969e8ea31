//! Why there is no answer, told so that an operator knows which server to look at.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::ProtoError;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

/// What was wrong with one server.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    TimedOut(Duration),
    Code(ResponseCode),
    Truncated(Box<Fault>),
    Unrelated,
    Garbage,
    Closed,
    Referral,
    Network(Arc<io::Error>),
    Unaskable(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Network(Arc::new(error))
    }
}

impl From<ProtoError> for Fault {
    fn from(error: ProtoError) -> Self {
        Self::Unaskable(error.to_string())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(timeout) => write!(f, "timed out after {timeout:?}"),
            Self::Code(ResponseCode::ServFail) => f.write_str("SERVFAIL"),
            Self::Code(ResponseCode::Refused) => f.write_str("REFUSED"),
            Self::Code(ResponseCode::FormErr) => f.write_str("FORMERR"),
            Self::Code(ResponseCode::NotImp) => f.write_str("NOTIMP"),
            Self::Code(code) => write!(f, "response code {}, {code}", u16::from(*code)),
            Self::Truncated(why) => write!(f, "truncated, and no answer over TCP: {why}"),
            Self::Unrelated => f.write_str("the answer is to another question"),
            Self::Garbage => f.write_str("the answer is no DNS message"),
            Self::Closed => f.write_str("it closed the connection"),
            Self::Referral => f.write_str("only a referral to other servers"),
            Self::Network(error) => error.fmt(f),
            Self::Unaskable(why) => write!(f, "the question cannot be written: {why}"),
        }
    }
}

/// Why a question has no answer.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    question: String,
    reason: Reason,
}

#[derive(Clone, Debug)]
enum Reason {
    /// No server knew, each for its own reason.
    Servers(Vec<(SocketAddr, Fault)>),
    /// The time for a whole round of questions was up.
    OutOfTime(Duration),
    /// Aliases without an end.
    Aliases(usize),
    /// A name that cannot be asked for.
    Name(ProtoError),
}

impl Failure {
    pub(super) fn new(name: &str, kind: RecordType, faults: Vec<(SocketAddr, Fault)>) -> Self {
        Self { question: format!("{name} {kind}"), reason: Reason::Servers(faults) }
    }

    pub(super) fn out_of_time(name: &str, kind: RecordType, time: Duration) -> Self {
        Self { question: format!("{name} {kind}"), reason: Reason::OutOfTime(time) }
    }

    pub(super) fn too_many_aliases(name: &str, kind: RecordType, limit: usize) -> Self {
        Self { question: format!("{name} {kind}"), reason: Reason::Aliases(limit) }
    }

    pub(super) fn bad_name(name: &str, kind: RecordType, error: ProtoError) -> Self {
        Self { question: format!("{name} {kind}"), reason: Reason::Name(error) }
    }

    /// Whether no server said anything at all.
    pub(crate) fn is_silence(&self) -> bool {
        match &self.reason {
            Reason::Servers(faults) => {
                faults.iter().all(|(_, fault)| matches!(fault, Fault::TimedOut(_) | Fault::Network(_)))
            }
            Reason::OutOfTime(_) => true,
            Reason::Aliases(_) | Reason::Name(_) => false,
        }
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
            Reason::OutOfTime(time) => {
                write!(
                    f,
                    "no name server answered {} (all questions together timed out after {time:?})",
                    self.question
                )
            }
            Reason::Aliases(limit) => {
                write!(f, "{} is a chain of more than {limit} aliases, or a ring of them", self.question)
            }
            Reason::Name(error) => write!(f, "{} cannot be asked for: {error}", self.question),
        }
    }
}

impl std::error::Error for Failure {}
