//! What far ends say to the node under test, and how they answer it: honestly, wrongly, or not at all.

use super::super::world::address;
use super::wire::End;
use super::{ROLES, Session};
use arbitrary::Arbitrary;
use node_core::block::BlockHeader;
use node_core::chain::accounts::Accounts;
use node_core::hash::{BlockHash, TxId, sha256};
use node_core::keys::Address;
use node_core::net::frame;
use node_core::net::message::{MAX_HEADERS, Message};
use node_core::net::proofs::{self, Answer, MAX_PROVED, Place, Proved, Question};
use node_core::transaction::Transaction;
use node_core::units::{Height, Timestamp, Work};

/// Most messages of a flood: more than a peer may send at once.
const MAX_FLOOD: u16 = 2_100;

/// What a far end says.
#[derive(Debug, Arbitrary)]
pub(super) enum Speech {
    /// Bytes as they are.
    Frame(Vec<u8>),
    Bytes(Vec<u8>),
    Hello {
        role: u8,
        tip: u8,
        height: u32,
        work: u64,
        clock_s: i16,
    },
    /// The newest headers up to a block.
    Headers {
        block: u8,
        count: u8,
    },
    Block(u8),
    GetHeaders(Vec<u8>),
    GetBlocks(Vec<u8>),
    NotFound(Vec<u8>),
    Announce(Vec<u8>),
    GetTransactions(Vec<u8>),
    Transactions(Vec<u8>),
    Ping(u64),
    Pong {
        block: u8,
        work: u64,
    },
    /// Transactions that nobody has.
    Strangers {
        count: u16,
        seed: u8,
    },
    Flood {
        count: u16,
    },
    Role(u8),
    /// A question of a light node.
    Ask {
        kind: u8,
        block: u8,
        of: u8,
    },
    /// An answer that nobody asked for, or a wrong one.
    Answer {
        number: u8,
        kind: u8,
        block: u8,
        of: u8,
    },
}

impl Session {
    pub(super) fn say(&mut self, end: &End, speech: Speech) {
        let message = match speech {
            Speech::Frame(frame) => return self.receive(end, frame),
            Speech::Bytes(bytes) => return frame::split(&bytes).into_iter().for_each(|frame| self.receive(end, frame)),
            Speech::Hello { role, tip, height, work, clock_s } => {
                let mut hello = end.hello(self.node.chain().genesis());
                hello.role = ROLES[usize::from(role) % ROLES.len()];
                (hello.tip, hello.height, hello.work) = (self.hash(tip), Height(height), Work(work.into()));
                let clock = self.now.millis().saturating_add_signed(i64::from(clock_s) * 1_000);
                hello.clock = Timestamp::from_millis(clock);
                Message::Hello(Box::new(hello))
            }
            Speech::Headers { block, count } => {
                let line = self.world.line(self.world.pick(block)).take(usize::from(count));
                let mut headers: Vec<BlockHeader> = line.map(|place| self.world.made[place].block.header).collect();
                headers.reverse();
                Message::Headers(headers)
            }
            Speech::Block(number) => self.block(&self.hash(number)),
            Speech::GetHeaders(numbers) => Message::GetHeaders(self.hashes(&numbers)),
            Speech::GetBlocks(numbers) => Message::GetBlocks(self.hashes(&numbers)),
            Speech::NotFound(numbers) => Message::NotFound(self.hashes(&numbers)),
            Speech::Announce(numbers) => Message::Announce(self.ids(&numbers)),
            Speech::GetTransactions(numbers) => Message::GetTransactions(self.ids(&numbers)),
            Speech::Transactions(numbers) => Message::Transactions(self.transactions(&numbers)),
            Speech::Ping(number) => Message::Ping(number),
            Speech::Pong { block, work } => self.pong(0, block, work),
            Speech::Strangers { count, seed } => {
                let id = |number: u16| TxId(sha256(&[&[seed][..], &number.to_le_bytes()].concat()));
                Message::Announce((0..count % 1_024).map(id).collect())
            }
            Speech::Role(role) => Message::Role(ROLES[usize::from(role) % ROLES.len()]),
            Speech::Ask { kind, block, of } => {
                let (block, address) = (self.hash(block), address(of));
                let place = Place { height: Height(u32::from(of % 8)), index: u32::from(kind / 16) };
                let question = match kind % 3 {
                    0 => Question::Account { block, address },
                    1 => Question::Transactions { block, address, from: place },
                    _ => Question::Transaction { id: self.ids(&[of]).pop().unwrap_or(TxId::ZERO) },
                };
                Message::Ask { number: kind.into(), question }
            }
            Speech::Answer { number, kind, block, of } => {
                Message::Answer { number: number.into(), answer: self.answer(kind, &self.hash(block), &address(of)) }
            }
            Speech::Flood { count } => {
                return (0..count % MAX_FLOOD).for_each(|number| self.message(end, &Message::Ping(number.into())));
            }
        };
        self.message(end, &message);
    }

    /// The block of this hash as a message; the answer of who has it not, where nobody has.
    fn block(&self, hash: &BlockHash) -> Message {
        match self.world.place(hash) {
            Some(place) => Message::Block(Box::new((*self.world.made[place].block).clone())),
            None => Message::NotFound(vec![*hash]),
        }
    }

    fn pong(&self, number: u64, block: u8, work: u64) -> Message {
        let place = self.world.pick(block);
        let made = &self.world.made[place];
        let work = if work == 0 { made.work } else { Work(work.into()) };
        Message::Pong { number, tip: made.hash, height: made.block.header.height, work }
    }

    pub(super) fn serve(&mut self, end: &End, count: u8, lie: bool) {
        for _ in 0..=count % 16 {
            let asked = self.link_of(end).and_then(|link| self.links.get_mut(&link)?.1.asked.pop_front());
            match asked {
                None => return,
                Some(Message::Ping(number)) => self.message(end, &self.pong(number, 0, u64::from(lie))),
                Some(Message::GetHeaders(_)) if lie => self.message(end, &Message::Headers(Vec::new())),
                Some(Message::GetHeaders(locator)) => {
                    let headers = self.headers_after(&locator);
                    self.message(end, &Message::Headers(headers));
                }
                Some(Message::GetBlocks(hashes)) if lie => self.message(end, &Message::NotFound(hashes)),
                Some(Message::GetBlocks(hashes)) => {
                    for hash in &hashes {
                        self.message(end, &self.block(hash));
                    }
                }
                Some(Message::GetTransactions(ids)) => {
                    let wanted = self.offered.iter().filter(|one| ids.contains(&one.id()));
                    let mut wanted: Vec<Transaction> = wanted.cloned().collect();
                    wanted.truncate(if lie { 1 } else { 1_000 });
                    self.message(end, &Message::Transactions(wanted));
                }
                Some(Message::Ask { number, question }) => {
                    let asked = match question {
                        Question::Account { block, address } => self.answer(0, &block, &address),
                        Question::Transactions { block, address, .. } => self.answer(1, &block, &address),
                        Question::Transaction { .. } => self.answer(2, &self.hash(0), &address(0)),
                    };
                    let answer = if lie { self.answer(count, &self.hash(count), &address(count)) } else { asked };
                    self.message(end, &Message::Answer { number, answer });
                }
                Some(_) => {}
            }
        }
    }

    /// An answer about an address at a block: a true one, if the block is valid.
    fn answer(&self, kind: u8, block: &BlockHash, of: &Address) -> Answer {
        let Some(place) = self.world.place(block) else { return Answer::NotHere };
        let made = &self.world.made[place];
        match kind % 4 {
            0 => {
                let Some(state) = &made.state else { return Answer::NotHere };
                let mut accounts = Accounts::default();
                for (address, account) in &state.accounts {
                    accounts.set(*address, Some(*account));
                }
                Answer::Account(Box::new(accounts.prove(of)))
            }
            1 => {
                let mut line: Vec<usize> = self.world.line(place).collect();
                line.reverse();
                let blocks = line.into_iter().map(|place| &self.world.made[place].block);
                let all = blocks.flat_map(|block| (0..8).filter_map(|index| Proved::of(block, index)));
                let items = all.filter(|item| proofs::touches(&item.transaction, of, self.world.params.issuer));
                Answer::Transactions { items: items.take(MAX_PROVED).collect(), next: None, since: Height(1) }
            }
            2 => Proved::of(&made.block, 0).map_or(Answer::NotHere, |proved| Answer::Transaction(Box::new(proved))),
            _ => Answer::NotHere,
        }
    }

    /// The newest block's line behind the first block of a locator that is on it.
    fn headers_after(&self, locator: &[BlockHash]) -> Vec<BlockHeader> {
        let mut line: Vec<usize> = self.world.line(self.world.pick(0)).collect();
        line.reverse();
        let mut known = locator.iter().filter_map(|hash| self.world.place(hash));
        let start = known.find_map(|place| line.iter().position(|one| *one == place)).unwrap_or(0);
        line[start + 1..].iter().take(MAX_HEADERS).map(|place| self.world.made[*place].block.header).collect()
    }
}
