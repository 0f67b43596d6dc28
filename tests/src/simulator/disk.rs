//! Storage of nodes: how long a browser takes to write and read, and what a crash leaves of it.

use super::{Happening, NodeIndex, Simulation, shifted};
use node_core::block::Block;
use node_core::contract::{Input, JobId};
use node_core::hash::BlockHash;
use node_core::node::{Config, Node};
use node_core::request::{Request, RequestId, Response};
use node_core::store::memory::MemoryStore;
use node_core::store::record::{body_key, read};
use node_core::store::{Batch, Query, Table};
use node_core::units::{Height, Timestamp};
use node_core::view::Role;
use rand_core::Rng;
use std::sync::Arc;
use std::time::Duration;

/// What a batch takes to be written.
const WRITE_TIME: Duration = Duration::from_millis(5);
/// The same where the answer waits until a loss of power would not matter.
const DURABLE_TIME: Duration = Duration::from_millis(30);
/// What an answer from the store takes.
const READ_TIME: Duration = Duration::from_millis(3);
/// The newest batches that a crash may take at most; what is durable it never takes.
const MAX_TORN: u32 = 16;

/// What a crash leaves of a node's storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aftermath {
    /// Everything; what was being written is written to its end.
    Kept,
    /// What was being written is lost, and with it some of the batches before, back to the last durable one at most.
    Torn,
    /// Nothing, as when a browser clears it.
    Gone,
}

impl Aftermath {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Kept, Self::Torn, Self::Gone];
}

/// What a node said of its storage last.
#[derive(Debug, Clone, Default)]
struct Promise {
    /// The wallet's address, if the wallet was stored.
    wallet: Option<String>,
    height: Height,
}

/// The storage of one node.
#[derive(Debug, Default)]
pub(super) struct Disk {
    store: MemoryStore,
    writing: Option<Batch>,
    /// What crashes leave; by chance if absent.
    aftermath: Option<Aftermath>,
    /// What the last one left.
    left: Option<Aftermath>,
    promise: Promise,
    /// Height on which the node stood when its store was opened.
    resumed: Height,
}

impl Disk {
    /// What is written.
    pub(super) fn store(&self) -> &MemoryStore {
        &self.store
    }

    fn write(&mut self) -> Option<u64> {
        let batch = self.writing.take()?;
        self.store.apply(&batch).expect("it has no quota");
        Some(batch.number)
    }
}

/// A block that a store holds.
pub(super) fn stored_block(store: &MemoryStore, height: Height, hash: &BlockHash) -> Option<Arc<Block>> {
    let (table, key) = (Table::Bodies, body_key(height, hash));
    let answers = store.read(&[Query::Get { table, key }]);
    let (key, value) = answers.first()?.first()?;
    read::<Block>(table, key, value).map(Arc::new)
}

impl Simulation {
    /// Adds a node with an empty storage of its own.
    pub fn add_stored(&mut self, hash_rate: f64) -> NodeIndex {
        let config = Config::new(self.options.params.clone(), Role::Full);
        self.add_member(config, hash_rate, 0, Some(Disk::default()))
    }

    /// What crashes of a node leave of its storage from now on.
    pub fn crashes_with(&mut self, index: NodeIndex, aftermath: Aftermath) {
        self.disk_mut(index).aftermath = Some(aftermath);
    }

    /// The role in which a node begins its next life.
    pub fn returns_as(&mut self, index: NodeIndex, role: Role) {
        self.members[index.0].config.role = role;
    }

    /// What the last crash left of a node's storage, if it has one and crashed.
    pub fn aftermath(&self, index: NodeIndex) -> Option<Aftermath> {
        self.members[index.0].disk.as_ref()?.left
    }

    /// The height on which a node stood when it opened its storage.
    pub fn resumed(&self, index: NodeIndex) -> Height {
        self.members[index.0].disk.as_ref().map_or(Height::GENESIS, |disk| disk.resumed)
    }

    fn disk_mut(&mut self, index: NodeIndex) -> &mut Disk {
        self.members[index.0].disk.as_mut().expect("the node has a storage")
    }

    pub(super) fn persist(&mut self, index: NodeIndex, batch: Batch) {
        let time = if batch.durable { DURABLE_TIME } else { WRITE_TIME };
        let writing = &mut self.disk_mut(index).writing;
        assert!(writing.is_none(), "node {} writes one batch at a time", index.0);
        *writing = Some(batch);
        let whom = self.whom(index);
        self.schedule(time, Happening::Written(whom));
    }

    pub(super) fn written(&mut self, index: NodeIndex) {
        if let Some(batch) = self.disk_mut(index).write() {
            self.deliver(index, Input::Persisted { batch });
        }
    }

    pub(super) fn load(&mut self, index: NodeIndex, job: JobId, queries: Vec<Query>) {
        let whom = self.whom(index);
        self.schedule(READ_TIME, Happening::Read(whom, job, queries));
    }

    pub(super) fn read(&mut self, index: NodeIndex, job: JobId, queries: &[Query]) {
        let answers = Ok(self.disk_mut(index).store.read(queries));
        self.deliver(index, Input::Loaded { job, answers });
    }

    /// A node goes: its storage is left as a crash leaves it.
    pub(super) fn leave_disk(&mut self, index: NodeIndex) {
        let now = self.clock();
        let member = &mut self.members[index.0];
        let Some(disk) = &mut member.disk else { return };
        disk.promise = promise(&mut member.node, shifted(now, member.clock_ahead_ms));
        let chosen = disk.aftermath;
        let (chance, torn) = (self.rng.next_u32(), self.rng.next_u32());
        let disk = self.disk_mut(index);
        let aftermath = chosen.unwrap_or(Aftermath::ALL[chance as usize % Aftermath::ALL.len()]);
        disk.left = Some(aftermath);
        match aftermath {
            Aftermath::Kept => drop(disk.write()),
            Aftermath::Torn => {
                disk.writing = None;
                disk.store.lose((torn % (MAX_TORN + 1)) as usize);
            }
            Aftermath::Gone => (disk.store, disk.writing) = (MemoryStore::new(), None),
        }
    }

    /// The node that begins a life: from its storage, if it has one, else anew with the same keys.
    pub(super) fn awaken(&mut self, config: Config, seed: [u8; 32], now: Timestamp, disk: Option<&mut Disk>) -> Node {
        let Some(disk) = disk else { return Node::new(config, seed, now) };
        let mut fresh = [0; 32];
        self.rng.fill_bytes(&mut fresh);
        let node = Node::open(config, &disk.store.stored(), fresh, now);
        disk.resumed = node.chain().height();
        node
    }

    /// What a node promised before it went holds when it is back: its wallet and the stored part of its chain are there.
    pub(super) fn check_promise(&mut self, index: NodeIndex) {
        let Some(disk) = &self.members[index.0].disk else { return };
        let (promise, left, resumed) = (disk.promise.clone(), disk.left, disk.resumed);
        let seed = self.options.seed;
        if let (Some(wallet), Some(Aftermath::Kept | Aftermath::Torn)) = (promise.wallet, left) {
            assert_eq!(self.address(index), wallet, "seed {seed}: node {} has its wallet after {left:?}", index.0);
        }
        if left == Some(Aftermath::Kept) {
            assert!(
                resumed >= promise.height,
                "seed {seed}: node {} stands on {resumed}, not {}",
                index.0,
                promise.height
            );
        }
    }
}

/// Asks a node what it has stored; it is about to go, and what else it wants does not matter.
fn promise(node: &mut Node, now: Timestamp) -> Promise {
    let id = RequestId(u64::MAX);
    node.handle(now, Input::Request { id, request: Request::Status });
    let outputs = std::iter::from_fn(|| node.poll_output());
    let answers = outputs.filter_map(|output| match output {
        node_core::contract::Output::Reply { id: to, result: Ok(Response::Status(status)) } if to == id => Some(status),
        _ => None,
    });
    let status = answers.last().expect("a node tells how it is");
    let wallet = status.storage.wallet_stored.then_some(status.address);
    Promise { wallet, height: status.storage.stored_height }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::Options;

    const MINUTE: Duration = Duration::from_mins(1);

    /// Two nodes, of which the second has a storage and as many blocks as the first.
    fn pair(seed: u64) -> (Simulation, [NodeIndex; 2]) {
        let mut simulation = Simulation::new(Options::new(seed));
        let nodes = [simulation.add_node(8.0), simulation.add_stored(8.0)];
        assert!(simulation.run_until(MINUTE, |simulation| simulation.linked(nodes[0], nodes[1])));
        simulation.mine(nodes[0], true);
        assert!(simulation.run_until(20 * MINUTE, |simulation| simulation.least_height().0 >= 60));
        simulation.mine(nodes[0], false);
        assert!(simulation.run_until(MINUTE, Simulation::agree));
        (simulation, nodes)
    }

    #[test]
    fn a_crash_keeps_tears_or_takes_a_storage() {
        for (seed, aftermath) in (1..).zip(Aftermath::ALL) {
            let (mut simulation, [miner, node]) = pair(seed);
            let (height, address) = (simulation.node(node).chain().height(), simulation.address(node));
            let id = simulation.node(node).id();
            simulation.run_for(Duration::from_secs(2));
            simulation.crashes_with(node, aftermath);
            simulation.crash(node);
            simulation.restart(node);
            let (stood, same) = (simulation.resumed(node), simulation.address(node) == address);
            assert_eq!(simulation.node(node).id() == id, same);
            match aftermath {
                Aftermath::Kept => assert!(stood == height && same, "{stood} of {height}"),
                Aftermath::Torn => assert!(stood < height && stood.0 + MAX_TORN + 2 >= height.0 && same, "{stood}"),
                Aftermath::Gone => assert!(stood == Height::GENESIS && !same, "{stood}"),
            }
            let tip = simulation.node(miner).chain().tip();
            let back = simulation.run_until(MINUTE, |simulation| simulation.node(node).chain().tip() == tip);
            assert!(back, "after {aftermath:?} it has the chain again");
        }
    }

    #[test]
    fn blocks_that_left_the_memory_are_checked_where_they_are_stored() {
        let (mut simulation, [_, node]) = pair(4);
        simulation.crashes_with(node, Aftermath::Kept);
        simulation.crash(node);
        simulation.restart(node);
        let chain = simulation.node(node).chain();
        let hash = chain.hash_at(Height(1)).expect("a block");
        assert!(chain.block(&hash).is_none(), "only the newest are read when a store is opened");
        let store = simulation.members[node.0].disk.as_ref().map(Disk::store).expect("a storage");
        assert_eq!(stored_block(store, Height(1), &hash).expect("it is stored").header.hash(), hash);
        assert_eq!(stored_block(store, Height(2), &hash), None);
    }
}
