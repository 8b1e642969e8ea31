use std::time::Duration;

use hickory_proto::op::ResponseCode;

use super::query::{Kind, Query, Transport};

/// What a [`DnsServer`](crate::DnsServer) does with a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Behaviour {
    /// Answers with its records: the beginning.
    #[default]
    Answer,
    /// Answers with a response code and no records.
    Fail(Rcode),
    /// Does not answer. A connection stays open, silent.
    Drop,
    /// Does not answer; closes the connection the query came on.
    Close,
    /// Answers after this time with the records of then. Other queries do not wait for it.
    Delay(Duration),
    /// Over UDP sets the TC bit and sends no records, whatever would fit; over TCP answers.
    Truncate,
    /// Consul's habit: over UDP leaves out what does not fit *without* setting the TC bit, and sends no more
    /// than three records to a client that sent no EDNS; over TCP answers.
    Cut,
    /// Sends a response whose head (the right id, five records announced) is followed by junk.
    Garbage,
    /// Answers, but to another id.
    WrongId,
    /// Answers, but to another question.
    WrongQuestion,
    /// Answers with another opcode, NOTIFY.
    WrongOpcode,
    /// Does not know EDNS: complains of a query that has it with this code, and answers others.
    PlainOnly(Rcode),
    /// Does not know EDNS: does not answer a query that has it, and answers others.
    PlainOrSilent,
    /// Over TCP sets the TC bit although it sends all records that fit, as dnsmasq does beyond 64 KiB; over UDP truncates.
    AlwaysTruncate,
}

/// A response code: why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rcode {
    /// FORMERR, 1: the server could not read the query.
    FormErr,
    /// SERVFAIL, 2: the server could not find out.
    ServFail,
    /// NXDOMAIN, 3: the name does not exist.
    NxDomain,
    /// NOTIMP, 4: the server cannot do this.
    NotImp,
    /// REFUSED, 5: the server does not want to.
    Refused,
    /// Any other code, of which the lower four bits are sent.
    Other(u8),
}

impl From<Rcode> for ResponseCode {
    fn from(code: Rcode) -> Self {
        match code {
            Rcode::FormErr => Self::FormErr,
            Rcode::ServFail => Self::ServFail,
            Rcode::NxDomain => Self::NXDomain,
            Rcode::NotImp => Self::NotImp,
            Rcode::Refused => Self::Refused,
            Rcode::Other(code) => Self::from(0, code & 0x0F),
        }
    }
}

/// Who gets which behaviour: of the rules that match a query, the one given last.
#[derive(Default)]
pub(super) struct Rules(Vec<(Scope, Behaviour)>);

#[derive(PartialEq, Eq)]
pub(super) enum Scope {
    All,
    Over(Transport),
    For(String),
    About(Kind),
}

impl Rules {
    pub(super) fn set(&mut self, scope: Scope, behaviour: Behaviour) {
        self.0.retain(|(other, _)| scope != Scope::All && *other != scope);
        self.0.push((scope, behaviour));
    }

    pub(super) fn find(&self, query: &Query) -> Behaviour {
        let matching = self.0.iter().rev().find(|(scope, _)| scope.holds(query));
        matching.map_or_else(Behaviour::default, |(_, behaviour)| *behaviour)
    }
}

impl Scope {
    fn holds(&self, query: &Query) -> bool {
        match self {
            Self::All => true,
            Self::Over(transport) => *transport == query.transport,
            Self::For(name) => *name == query.name,
            Self::About(kind) => *kind == query.kind,
        }
    }
}
