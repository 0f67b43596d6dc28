//! The chain as a file: given out and taken in as parts of a few blocks.

use super::Node;
use super::requests::Answer;
use crate::block::Block;
use crate::chain::tree::InsertError;
use crate::consensus::validation;
use crate::hash::BlockHash;
use crate::request::{ErrorCode, RequestError, RequestId, Response};
use crate::sentence::{Say, Sentence, sentence};
use crate::units::Height;
use crate::view::archive::{ChainPart, Imported};
use std::sync::Arc;

/// Blocks of a part at most: some megabytes, where blocks are full.
pub(super) const PART_BLOCKS: usize = 16;

/// A part that is being taken in: its blocks' signatures are being verified.
#[derive(Debug)]
pub(super) struct Import {
    request: RequestId,
    /// Blocks that were not here, in the part's order.
    hashes: Vec<BlockHash>,
    known: u32,
    /// What is wrong with the block behind them.
    problem: Option<RequestError>,
}

impl Node {
    /// Heights of the part that begins here.
    pub(super) fn part_heights(&self, from: Height) -> impl Iterator<Item = Height> + use<> {
        let end = self.chain.height().0;
        (from.0.max(1)..=end).take(PART_BLOCKS).map(Height)
    }

    /// Blocks of the best chain from a height on.
    pub(super) fn chain_part(&self, from: Height) -> Answer {
        let mut blocks = Vec::new();
        for height in self.part_heights(from) {
            let block = self.chain.hash_at(height).and_then(|hash| self.block_here(&hash));
            let Some(block) = block else {
                return Err(RequestError::new(ErrorCode::NotFound, sentence!("block {height} is not kept here")));
            };
            blocks.push(hex::encode(block.to_bytes()));
        }
        let next = self.part_heights(from).last().map(|last| last.0.saturating_add(1));
        let next = next.filter(|next| *next <= self.chain.height().0);
        Ok(Response::ChainPart(Box::new(ChainPart { genesis: self.chain.genesis(), blocks, next })))
    }

    /// Takes in the blocks of a part by every rule, and answers when all of them are judged.
    pub(super) fn import_part(&mut self, request: RequestId, part: &ChainPart) {
        if let Err(problem) = self.begin_import(request, part) {
            self.reply(request, Err(problem));
        }
    }

    fn begin_import(&mut self, request: RequestId, part: &ChainPart) -> Result<(), RequestError> {
        if self.importing.is_some() {
            return Err(RequestError::new(ErrorCode::Busy, sentence!("another part is being taken in")));
        }
        if part.genesis != self.chain.genesis() {
            return Err(bad_file(sentence!("this file is of the chain of another room or network")));
        }
        if part.blocks.len() > PART_BLOCKS {
            return Err(bad_file(sentence!("a part has at most {PART_BLOCKS} blocks")));
        }
        let most = 2 * self.chain.params().max_block_bytes;
        let blocks = part.blocks.iter().map(|text| read(text, most)).collect::<Result<Vec<Block>, _>>()?;
        let mut import = Import { request, hashes: Vec::new(), known: 0, problem: None };
        let mut bodies = Vec::new();
        // Headers first: so many at once count as catching up, of which peers are not told one by one.
        for block in blocks {
            let hash = block.header.hash();
            if self.chain.has_block(&hash) {
                import.known += 1;
                continue;
            }
            if let Err(reason) = self.take_file_header(&block) {
                import.problem = Some(bad_file(sentence!("block {height}: {reason}", height = block.header.height)));
                break;
            }
            import.hashes.push(hash);
            bodies.push(Arc::new(block));
        }
        for block in bodies {
            if self.unverified(&block.header.hash()).is_none() {
                self.verify_block(block);
            }
        }
        self.importing = Some(import);
        Ok(())
    }

    /// Checks what can be checked of a block without the accounts, and takes in its header.
    fn take_file_header(&mut self, block: &Block) -> Result<(), Sentence> {
        if validation::is_ahead(self.chain.params(), &block.header, self.now) {
            return Err(sentence!("its time is ahead of this computer's clock"));
        }
        match self.chain.insert_header(block.header) {
            Err(InsertError::Orphan) => Err(sentence!("the blocks before it are neither here nor in the file")),
            Err(problem) => Err(problem.say()),
            Ok(_) => validation::check_body(self.chain.params(), block).map_err(|problem| {
                self.judge_body(block.header.hash(), &problem);
                problem.say()
            }),
        }
    }

    /// Answers who brought a part when all its blocks are judged.
    pub(super) fn finish_import(&mut self) {
        let is_over = |import: &Import| import.hashes.iter().all(|hash| self.unverified(hash).is_none());
        if !self.importing.as_ref().is_some_and(is_over) {
            return;
        }
        let Some(Import { request, hashes, known, problem }) = self.importing.take() else { return };
        let invalid = hashes.iter().find(|hash| self.chain.is_invalid(hash) || !self.chain.has_block(hash));
        let invalid = invalid.map(|hash| {
            let height = self.chain.header(hash).map_or_else(|| hash.to_string(), |header| header.height.to_string());
            bad_file(sentence!("block {height} breaks a rule: the log says which"))
        });
        let taken = u32::try_from(hashes.len()).unwrap_or(u32::MAX);
        let imported = Imported { taken, known, height: self.chain.height() };
        self.reply(request, invalid.or(problem).map_or(Ok(Response::Imported(imported)), Err));
    }
}

fn bad_file(message: impl Into<Sentence>) -> RequestError {
    RequestError::new(ErrorCode::BadFile, message)
}

fn read(text: &str, most: usize) -> Result<Block, RequestError> {
    let bytes = if text.len() > most { None } else { hex::decode(text).ok() };
    let block = bytes.and_then(|bytes| borsh::from_slice(&bytes).ok());
    block.ok_or_else(|| bad_file(sentence!("what stands there is not the bytes of a block")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::BlockHeader;
    use crate::chain::testing::{params, transfer};
    use crate::contract::{Input, Output};
    use crate::hash::MerkleRoot;
    use crate::node::testing::{Net, rich};
    use crate::request::Request;

    /// A chain of so many blocks, the first with a payment, in node 0 of two that are not connected.
    fn chain(length: u32) -> Net {
        let mut net = Net::new(2, &[], rich(2));
        let mut parent = net.builder.genesis;
        for number in 0..length {
            let payment = transfer(net.builder.genesis, 0, 1, 10_000, u64::from(number));
            let block = net.block(parent, &[payment]);
            net.mine(0, &block);
            parent = block.header.hash();
        }
        net
    }

    fn part(net: &mut Net, from: u32) -> ChainPart {
        match net.request(0, Request::ChainPart { from }) {
            Some(Ok(Response::ChainPart(part))) => *part,
            other => panic!("{other:?}"),
        }
    }

    fn import(net: &mut Net, part: ChainPart) -> Result<Imported, RequestError> {
        match net.request(1, Request::Import(part)) {
            Some(Ok(Response::Imported(imported))) => Ok(imported),
            Some(Err(error)) => Err(error),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_chain_moves_by_its_parts_to_a_node_that_has_no_peers() {
        let length = u32::try_from(2 * PART_BLOCKS).unwrap() + 3;
        let mut net = chain(length);
        let mut from = Some(0);
        let mut parts = Vec::new();
        while let Some(height) = from {
            let part = part(&mut net, height);
            from = part.next;
            parts.push(part);
        }
        assert_eq!(parts.iter().map(|part| part.blocks.len()).collect::<Vec<_>>(), [PART_BLOCKS, PART_BLOCKS, 3]);
        for part in &parts {
            let taken = u32::try_from(part.blocks.len()).unwrap();
            assert_eq!(import(&mut net, part.clone()).map(|imported| (imported.taken, imported.known)), Ok((taken, 0)));
        }
        assert_eq!(net.nodes[1].chain.tip(), net.nodes[0].chain.tip());
        // What is here already is no error.
        let again = import(&mut net, parts[0].clone()).unwrap();
        assert_eq!((again.taken, again.known, again.height), (0, 16, Height(length)));
        assert_eq!(
            part(&mut net, length + 1),
            ChainPart { genesis: net.builder.genesis, blocks: Vec::new(), next: None }
        );
    }

    #[test]
    fn what_breaks_a_rule_is_refused_and_what_stands_before_it_is_kept() {
        let mut net = chain(5);
        let good = part(&mut net, 1);
        let block = |text: &str| -> Block { borsh::from_slice(&hex::decode(text).unwrap()).unwrap() };
        let with = |number: usize, changed: &Block| {
            let mut part = good.clone();
            part.blocks[number] = hex::encode(changed.to_bytes());
            part
        };
        let mut other_transactions = block(&good.blocks[3]);
        other_transactions.transactions.truncate(1);
        let mut less_work = block(&good.blocks[3]);
        less_work.header = BlockHeader { merkle_root: MerkleRoot([9; 32]), ..less_work.header };
        for (wrong, text) in [
            (ChainPart { genesis: BlockHash([1; 32]), ..good.clone() }, "another room"),
            (ChainPart { blocks: vec!["00".to_owned()], ..good.clone() }, "not the bytes of a block"),
            (ChainPart { blocks: vec!["zz".to_owned()], ..good.clone() }, "not the bytes of a block"),
            (ChainPart { blocks: vec!["0".repeat(9 << 20)], ..good.clone() }, "not the bytes of a block"),
            (ChainPart { blocks: vec![good.blocks[0].clone(); PART_BLOCKS + 1], ..good.clone() }, "at most 16"),
            (ChainPart { blocks: good.blocks[1..].to_vec(), ..good.clone() }, "blocks before it"),
        ] {
            let refused = import(&mut net, wrong).unwrap_err();
            assert_eq!(refused.code, ErrorCode::BadFile);
            assert!(refused.message.contains(text), "{refused}");
            assert_eq!(net.nodes[1].chain.height(), Height(0));
        }
        let refused = import(&mut net, with(3, &other_transactions)).unwrap_err();
        assert!(refused.message.starts_with("block 4: "), "{refused}");
        assert_eq!(net.nodes[1].chain.height(), Height(3), "the three before it are taken");
        let refused = import(&mut net, with(3, &less_work)).unwrap_err();
        assert!(refused.message.starts_with("block 4: "), "{refused}");
        // The true ones are taken all the same.
        assert_eq!(import(&mut net, good).map(|imported| (imported.taken, imported.known)), Ok((2, 3)));
    }

    #[test]
    fn a_block_with_a_wrong_signature_is_refused() {
        let mut net = chain(1);
        let mut forged = transfer(net.builder.genesis, 0, 1, 10_000, 1);
        if let crate::transaction::Transaction::Transfer(transfer) = &mut forged {
            transfer.signature.0[40] ^= 1;
        }
        let parent = net.nodes[0].chain.tip();
        let block = net.block(parent, &[forged]);
        let mut part = part(&mut net, 1);
        part.blocks.push(hex::encode(block.to_bytes()));
        let refused = import(&mut net, part).unwrap_err();
        assert_eq!(
            (refused.code, &*refused.message),
            (ErrorCode::BadFile, "block 2 breaks a rule: the log says which")
        );
        assert_eq!(net.nodes[1].chain.height(), Height(1));
    }

    #[test]
    fn one_part_is_taken_in_at_a_time_and_a_light_node_takes_none() {
        let mut net = chain(2);
        let part = part(&mut net, 1);
        net.nodes[1].handle(net.now, Input::Request { id: RequestId(1), request: Request::Import(part.clone()) });
        net.nodes[1].handle(net.now, Input::Request { id: RequestId(2), request: Request::Import(part.clone()) });
        let mut refused = Vec::new();
        while let Some(output) = net.nodes[1].poll_output() {
            if let Output::Reply { id, result: Err(error) } = output {
                refused.push((id, error.code));
            }
        }
        assert_eq!(refused, [(RequestId(2), ErrorCode::Busy)]);

        let mut net = Net::of_roles(&[crate::view::Role::Light], &[], params());
        let genesis = net.builder.genesis;
        for request in
            [Request::ChainPart { from: 0 }, Request::Import(ChainPart { genesis, blocks: Vec::new(), next: None })]
        {
            let refused = net.request(0, request).unwrap().unwrap_err();
            assert_eq!(refused.code, ErrorCode::LightNode);
        }
    }
}
