//! The chain as a file of lines: which chain it is, and then a block in each.
//!
//! ```text
//! tabchain-chain 1 <hash of the genesis block>
//! <bytes of block 1 in hex digits>
//! <bytes of block 2 in hex digits>
//! ```

use node_wasm::{hash::BlockHash, view::archive::ChainPart};

/// The first two words of the first line: what it is, and the version of this layout.
const HEAD: &str = "tabchain-chain 1 ";

/// Blocks that are handed to the node at a time: as many as it takes.
const PART: usize = 16;

/// Characters of a line at most: a block of the largest size, twice over for its hex digits, and some more.
const LONGEST_LINE: usize = 4 * 1024 * 1024;

/// Why a file cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileError {
    /// It does not begin as the file of a chain does.
    NotAChain,
    /// A line that is longer than any block.
    TooLong,
}

/// The first line of a file.
pub(crate) fn head(genesis: &BlockHash) -> String {
    format!("{HEAD}{genesis}\n")
}

/// The lines of a part.
pub(crate) fn lines(part: &ChainPart) -> String {
    part.blocks.iter().flat_map(|block| [block, "\n"]).collect()
}

/// Reads a file that comes in pieces.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    genesis: Option<BlockHash>,
    blocks: Vec<String>,
    /// The beginning of a line.
    rest: String,
}

impl Reader {
    /// Takes the next piece.
    pub(crate) fn push(&mut self, piece: &str) -> Result<(), FileError> {
        self.rest.push_str(piece);
        let text = std::mem::take(&mut self.rest);
        let (whole, rest) = text.rsplit_once('\n').unwrap_or(("", &text));
        for line in whole.lines() {
            self.line(line)?;
        }
        rest.clone_into(&mut self.rest);
        if self.rest.len() > LONGEST_LINE { Err(FileError::TooLong) } else { Ok(()) }
    }

    /// Takes note that there is no more.
    pub(crate) fn end(&mut self) -> Result<(), FileError> {
        let last = std::mem::take(&mut self.rest);
        self.line(&last)?;
        self.genesis.map(|_| ()).ok_or(FileError::NotAChain)
    }

    /// The next blocks for the node, if there are enough of them; at the end whatever is left.
    pub(crate) fn part(&mut self, at_end: bool) -> Option<ChainPart> {
        let genesis = self.genesis?;
        if self.blocks.is_empty() || (self.blocks.len() < PART && !at_end) {
            return None;
        }
        let blocks = self.blocks.drain(..PART.min(self.blocks.len())).collect();
        Some(ChainPart { genesis, blocks, next: None })
    }

    fn line(&mut self, line: &str) -> Result<(), FileError> {
        let line = line.trim_end();
        if line.is_empty() {
            return Ok(());
        }
        if line.len() > LONGEST_LINE {
            return Err(FileError::TooLong);
        }
        if self.genesis.is_some() {
            self.blocks.push(line.to_owned());
            return Ok(());
        }
        let genesis = line.strip_prefix(HEAD).and_then(|genesis| genesis.parse().ok());
        self.genesis = Some(genesis.ok_or(FileError::NotAChain)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn genesis() -> BlockHash {
        "ab".repeat(32).parse().unwrap()
    }

    /// All parts of a file that comes in pieces of so many characters.
    fn read(text: &str, piece: usize) -> Result<Vec<ChainPart>, FileError> {
        let (mut reader, mut parts) = (Reader::default(), Vec::new());
        for piece in text.as_bytes().chunks(piece) {
            reader.push(std::str::from_utf8(piece).unwrap())?;
            parts.extend(std::iter::from_fn(|| reader.part(false)));
        }
        reader.end()?;
        parts.extend(std::iter::from_fn(|| reader.part(true)));
        Ok(parts)
    }

    #[test]
    fn what_is_written_is_read_again_in_pieces_of_any_size() {
        let blocks: Vec<String> = (0..2 * PART + 5).map(|number| format!("{number:04x}")).collect();
        let whole = ChainPart { genesis: genesis(), blocks: blocks.clone(), next: None };
        let text = head(&genesis()) + &lines(&whole);
        for piece in [1, 7, 64, text.len()] {
            let parts = read(&text, piece).unwrap();
            assert_eq!(parts.iter().map(|part| part.blocks.len()).collect::<Vec<_>>(), [PART, PART, 5]);
            assert!(parts.iter().all(|part| part.genesis == genesis()));
            assert_eq!(parts.into_iter().flat_map(|part| part.blocks).collect::<Vec<_>>(), blocks);
        }
        // As an editor may have left it.
        let windows = text.trim_end().replace('\n', "\r\n");
        assert_eq!(read(&windows, 50).unwrap().len(), 3);
        assert_eq!(read(&head(&genesis()), 10), Ok(Vec::new()), "a chain without blocks");
    }

    #[test]
    fn what_is_no_file_of_a_chain_is_refused() {
        for text in ["", "\n", "{}", "tabchain-chain 2 00\n", "tabchain-chain 1 nothing\n"] {
            assert_eq!(read(text, 8), Err(FileError::NotAChain), "{text:?}");
        }
        let mut reader = Reader::default();
        reader.push(&head(&genesis())).unwrap();
        let half = "0".repeat(LONGEST_LINE / 2 + 1);
        assert_eq!(reader.push(&half), Ok(()));
        assert_eq!(reader.push(&half), Err(FileError::TooLong), "it is not kept any longer");
    }
}
