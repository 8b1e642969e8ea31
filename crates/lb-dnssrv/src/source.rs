use std::collections::HashMap;
use std::time::Duration;

use lb_core::{BoxError, Context, Instance};
use lb_discovery::{Answer, Source};

use crate::answer::shorter;
use crate::records::{self, Screened};
use crate::{Addresses, SrvLookup, SrvRecord};

/// How many skipped records a log line spells out.
const SPELLED_OUT: usize = 3;

/// DNS as a source for the loop that every dynamic publisher shares.
pub(crate) struct SrvSource {
    name: String,
    lookup: Box<dyn SrvLookup>,
    resolve_targets: bool,
    complaints: Vec<String>,
}

/// What became of an answer's records.
#[derive(Default)]
struct Harvest {
    instances: Vec<Instance>,
    ttl: Option<Duration>,
    skipped: Vec<String>,
}

impl SrvSource {
    pub(crate) fn new(name: String, lookup: Box<dyn SrvLookup>, resolve_targets: bool) -> Self {
        Self { name, lookup, resolve_targets, complaints: Vec::new() }
    }

    /// Makes one instance of each address of each target; a target without any is a bad record.
    fn resolve(&mut self, ctx: &Context, screened: Screened) -> Harvest {
        let asked = self.ask_for_addresses(ctx, &screened.records);
        let found = |target: &String| match asked.get(target) {
            Some(result) => result.as_ref().map_err(String::as_str),
            None => Err("the lookup gave no result"),
        };
        let mut harvest = Harvest { skipped: screened.skipped, ..Harvest::default() };
        for record in &screened.records {
            match record.addresses.as_ref().map_or_else(|| found(&record.target), Ok) {
                Ok(addresses) if !addresses.addresses.is_empty() => {
                    harvest.ttl = shorter(harvest.ttl, addresses.ttl);
                    harvest.instances.extend(records::by_address(record, addresses));
                }
                Ok(_) => harvest.skip(record, "it has no address"),
                Err(why) => harvest.skip(record, why),
            }
        }
        harvest
    }

    /// Asks once for each target whose addresses the answer did not bring.
    fn ask_for_addresses(
        &mut self,
        ctx: &Context,
        records: &[SrvRecord],
    ) -> HashMap<String, Result<Addresses, String>> {
        let unknown = records.iter().filter(|record| record.addresses.is_none());
        let mut targets: Vec<&str> = unknown.map(|record| record.target.as_str()).collect();
        targets.dedup();
        if targets.is_empty() {
            return HashMap::new();
        }
        let results = self.lookup.lookup_all_addresses(ctx, &targets);
        let results = results.into_iter().map(|result| result.map_err(|error| error.to_string()));
        targets.into_iter().map(ToOwned::to_owned).zip(results).collect()
    }

    /// Warns of skipped records, once until they are others.
    fn complain(&mut self, skipped: &[String]) {
        if !skipped.is_empty() && self.complaints != skipped {
            let (name, count) = (&self.name, skipped.len());
            let error = skipped[..count.min(SPELLED_OUT)].join(", ");
            let more = if count > SPELLED_OUT { ", …" } else { "" };
            log::warn!(
                target: crate::LOG, name:%, error:%;
                "{name}: {count} unusable records are skipped: {error}{more}"
            );
        }
        self.complaints = skipped.to_vec();
    }
}

impl Source for SrvSource {
    fn fetch(&mut self, ctx: &Context) -> Result<Answer, BoxError> {
        let answer = self.lookup.lookup_srv(ctx, &self.name)?;
        let ttl = records::shortest_ttl(&answer);
        let screened = records::screen(answer.records);
        let no_service = screened.no_service;
        let harvest =
            if self.resolve_targets { self.resolve(ctx, screened) } else { Harvest::named(screened) };
        if ctx.is_cancelled() {
            return Err("stopped while looking up".into());
        }
        self.complain(&harvest.skipped);
        let skipped = u64::try_from(harvest.skipped.len()).unwrap_or(u64::MAX);
        let answer = if no_service { Answer::no_service() } else { Answer::new(harvest.instances) };
        let answer = answer.with_skipped(skipped);
        Ok(match shorter(ttl, harvest.ttl) {
            Some(ttl) => answer.with_ttl(ttl),
            None => answer,
        })
    }
}

impl Harvest {
    fn named(screened: Screened) -> Self {
        let instances = screened.records.iter().map(records::by_name).collect();
        Self { instances, ttl: None, skipped: screened.skipped }
    }

    fn skip(&mut self, record: &SrvRecord, why: &str) {
        self.skipped.push(format!("{:?} port {} ({why})", record.target, record.port));
    }
}
