//! A publisher of one's own: it follows a file that holds an address and a weight in each line.
//!
//! `cargo run --example custom_publisher` writes such a file, changes it twice, and shows what becomes of the set.

use std::sync::{Arc, mpsc};
use std::{env, fs, path::PathBuf, process, time::Duration};

use loadbalancer::{
    Answer, BoxError, Context, DiscoveryPublisher, Endpoints, Instance, Observer, Publisher, Refresh, Source,
};

struct File(PathBuf);

impl Source for File {
    fn fetch(&mut self, _: &Context) -> Result<Answer, BoxError> {
        let text = fs::read_to_string(&self.0)?;
        Ok(Answer::new(text.lines().map(instance).collect::<Result<_, _>>()?))
    }
}

fn instance(line: &str) -> Result<Instance, BoxError> {
    let (address, weight) = line.split_once(' ').ok_or_else(|| format!("{line:?} is not ADDRESS WEIGHT"))?;
    Ok(Instance::new(address).with_weight(weight.parse()?))
}

/// Passes on the news that the set has changed.
struct Changed(mpsc::Sender<()>);

impl Observer for Changed {
    fn changed(&self) {
        let _ = self.0.send(());
    }
}

fn main() -> Result<(), BoxError> {
    let path = env::temp_dir().join(format!("custom_publisher.{}", process::id()));
    fs::write(&path, "10.0.0.1:80 1\n10.0.0.2:80 1\n")?;
    let publisher = DiscoveryPublisher::builder("file", File(path.clone()))
        .refresh(Refresh::Every(Duration::from_millis(20)))
        .build(|instance: &Instance| Ok::<_, BoxError>(format!("client of {}", instance.address())))?;
    let (sender, changes) = mpsc::channel();
    let observer: Arc<dyn Observer> = Arc::new(Changed(sender));
    publisher.subscribe(Arc::downgrade(&observer));

    show(&publisher.endpoints()?);
    for text in ["10.0.0.1:80 1\n10.0.0.2:80 1\n10.0.0.3:80 5\n", "10.0.0.3:80 5\n"] {
        fs::write(path.with_extension("new"), text)?;
        fs::rename(path.with_extension("new"), &path)?; // so that nobody reads half a file
        changes.recv_timeout(Duration::from_secs(5))?;
        show(&publisher.endpoints()?);
    }
    Ok(fs::remove_file(path)?)
}

fn show(set: &Endpoints<String>) {
    let member = |instance: &Instance| format!("{} (weight {})", instance.address(), instance.weight());
    println!("{}", set.instances().map(member).collect::<Vec<_>>().join(", "));
}
