use std::collections::BTreeMap;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::SOA;
use hickory_proto::rr::{self, Name, RData};

use super::query::{Kind, Question};
use super::record::{Record, key};

/// No chain of CNAMEs is followed further: they can form a ring.
const LONGEST_CHAIN: usize = 16;

/// Whether SRV answers carry the addresses of their targets as additional records.
///
/// Glue that does not fit into the answer is left out without setting the TC bit (RFC 2181, section 9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glue {
    /// No, as a forwarding dnsmasq does it: the beginning.
    #[default]
    Omit,
    /// Yes, once for each target.
    Attach,
    /// Yes, once for each record that points there, as knot does it.
    Repeat,
}

/// What the server knows.
pub(super) struct Zone {
    pub(super) names: BTreeMap<String, Vec<Record>>,
    pub(super) negative_ttl: Option<u32>,
    pub(super) glue: Glue,
}

impl Default for Zone {
    fn default() -> Self {
        Self { names: BTreeMap::new(), negative_ttl: Some(60), glue: Glue::Omit }
    }
}

impl Zone {
    /// Fills in what there is to say, or that there is nothing.
    pub(super) fn answer(&self, question: &Question, response: &mut Message) {
        let kind = question.query.kind;
        let end = self.follow(question.name.clone(), kind, response);
        let found = self.records(&end).iter().filter(|record| record.kind() == kind);
        response.answers.extend(found.map(|record| record.owned_by(&end)));
        if response.answers.iter().any(|record| Kind::from(record.record_type()) == kind) {
            self.attach_glue(response);
        } else {
            self.deny(&end, response);
        }
    }

    /// Goes along the CNAMEs, which become part of the answer, to the name that has none.
    fn follow(&self, mut name: Name, kind: Kind, response: &mut Message) -> Name {
        for _ in 0..LONGEST_CHAIN {
            let alias = self.records(&name).iter().find(|record| record.kind() == Kind::Cname);
            let Some((record, RData::CNAME(target))) = alias.map(|record| (record, &record.data)) else {
                break;
            };
            if kind == Kind::Cname {
                break;
            }
            response.answers.push(record.owned_by(&name));
            name = target.0.clone();
        }
        name
    }

    fn attach_glue(&self, response: &mut Message) {
        let mut seen = Vec::new();
        let targets = response.answers.iter().filter_map(|record| match &record.data {
            RData::SRV(srv) => Some(&srv.target),
            _ => None,
        });
        for target in targets {
            if self.glue == Glue::Omit || self.glue == Glue::Attach && seen.contains(&target) {
                continue;
            }
            seen.push(target);
            let addresses =
                self.records(target).iter().filter(|record| matches!(record.kind(), Kind::A | Kind::Aaaa));
            response.additionals.extend(addresses.map(|record| record.owned_by(target)));
        }
    }

    fn deny(&self, name: &Name, response: &mut Message) {
        if !self.exists(&key(name)) {
            response.metadata.response_code = ResponseCode::NXDomain;
        }
        if let Some(ttl) = self.negative_ttl {
            let soa = SOA::new(Name::root(), Name::root(), 1, 3600, 600, 86_400, ttl);
            response.authorities.push(rr::Record::from_rdata(Name::root(), ttl, RData::SOA(soa)));
        }
    }

    /// A name exists when it, or one below it, was set (RFC 8020).
    fn exists(&self, key: &str) -> bool {
        let below = format!(".{key}");
        self.names.keys().any(|name| name == key || name.ends_with(&below))
    }

    fn records(&self, name: &Name) -> &[Record] {
        self.names.get(&key(name)).map_or(&[], Vec::as_slice)
    }
}
