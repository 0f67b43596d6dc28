//! Counts single tests in the output of libtest and of wasm-bindgen's test runner.

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The counts of a line such as `test result: ok. 3 passed; 0 failed; …`; `None` for other lines.
pub(crate) fn parse(line: &str) -> Option<Count> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number = |word: &str| {
        counts.split(';').find_map(|part| part.trim().strip_suffix(word)).and_then(|digits| digits.trim().parse().ok())
    };
    Some(Count { passed: number("passed")?, failed: number("failed")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_line_is_counted() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 4 filtered \
                    out; finished in 0.52s";
        assert_eq!(parse(line), Some(Count { passed: 12, failed: 3 }));
    }

    #[test]
    fn the_wasm_runner_writes_the_same_line() {
        let line = "test result: ok. 5 passed; 0 failed; 0 ignored; 0 filtered out; finished in 0.01s";
        assert_eq!(parse(line), Some(Count { passed: 5, failed: 0 }));
    }

    #[test]
    fn other_lines_are_not() {
        for line in [
            "",
            "test tip::moves ... ok",
            "running 3 tests",
            "test result: ok",
            "test result: ok. many passed; 0 failed;",
            "note: test result: ok. 5 passed; 0 failed;",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
