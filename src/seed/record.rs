//! `RECORD` (PEP 376, PEP 627): what an installed distribution consists of.

use anyhow::{Context as _, Result};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::ffi::OsStr;
use std::path::Path;

/// One file: its path relative to `site-packages`, `sha256=…`, its size in bytes; the last two may be empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Row(pub(crate) String, pub(crate) String, pub(crate) String);

impl Row {
    /// Returns the row of a file with these contents.
    pub(crate) fn of(path: impl Into<String>, contents: &[u8]) -> Self {
        Self(path.into(), digest(contents), contents.len().to_string())
    }

    /// Returns the row of a file whose contents are not recorded.
    pub(crate) fn bare(path: impl Into<String>) -> Self {
        Self(path.into(), String::new(), String::new())
    }

    /// Returns whether it is bytecode, which may be missing, or one of its directories, which virtualenv records.
    pub(crate) fn is_bytecode(&self) -> bool {
        let is_pyc = |extension: &OsStr| extension == "pyc";
        self.0.contains("__pycache__") || Path::new(&self.0).extension().is_some_and(is_pyc)
    }

    /// Returns whether it is outside of `site-packages`, as launchers are.
    pub(crate) fn is_outside(&self) -> bool {
        self.0.starts_with("..")
    }

    /// Returns whether this is the size in bytes that was recorded, if any was.
    pub(crate) fn has_size(&self, size: u64) -> bool {
        self.2
            .parse()
            .map_or(true, |recorded: u64| recorded == size)
    }

    /// Returns whether these are the contents that were recorded.
    pub(crate) fn matches(&self, contents: &[u8]) -> bool {
        self.1 == digest(contents) && (self.2.is_empty() || self.2 == contents.len().to_string())
    }
}

fn digest(contents: &[u8]) -> String {
    format!(
        "sha256={}",
        BASE64URL_NOPAD.encode(&Sha256::digest(contents))
    )
}

/// Returns the rows of a `RECORD`.
///
/// # Errors
/// When it is not a table of three columns in UTF-8.
pub(crate) fn parse(text: &[u8]) -> Result<Vec<Row>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text);
    reader
        .deserialize()
        .collect::<Result<_, _>>()
        .context("RECORD is not a table of three columns")
}

/// Calls `visit` with each row of a `RECORD`, all of them in the same place: there may be many.
///
/// # Errors
/// When it is not a table of three columns in UTF-8; rows before what is wrong have been visited then.
pub(crate) fn visit(text: &[u8], mut visit: impl FnMut(&Row)) -> Result<()> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text);
    let mut record = csv::StringRecord::new();
    let mut row = Row::bare("");
    while reader.read_record(&mut record)? {
        let columns = [&mut row.0, &mut row.1, &mut row.2];
        for (index, column) in columns.into_iter().enumerate() {
            let cell = record.get(index).context("RECORD has too few columns")?;
            column.clear();
            column.push_str(cell);
        }
        visit(&row);
    }
    Ok(())
}

/// Returns the text of a `RECORD`, sorted and with the line ends (CRLF) of pip.
pub(crate) fn render(mut rows: Vec<Row>) -> Result<Vec<u8>> {
    rows.sort();
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .has_headers(false)
        .from_writer(Vec::new());
    rows.iter().try_for_each(|row| writer.serialize(row))?;
    Ok(writer.into_inner()?)
}

/// Puts further rows where they belong into a text that [`render`] has made.
pub(crate) fn insert(text: &str, rows: Vec<Row>) -> Result<String> {
    let more = String::from_utf8(render(rows)?)?;
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    for line in more.split_inclusive('\n') {
        let at = lines.partition_point(|other| *other < line);
        lines.insert(at, line);
    }
    Ok(lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_quoted_where_they_must_be_and_come_back() {
        let rows = vec![Row::of("a,b.py", b"x"), Row::bare("a/RECORD")];
        let text = render(rows.clone()).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&text),
            "\"a,b.py\",sha256=LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE,1\r\na/RECORD,,\r\n"
        );
        assert_eq!(parse(&text).unwrap(), rows);
        let mut visited = Vec::new();
        visit(&text, |row| visited.push(row.clone())).unwrap();
        assert_eq!(visited, rows);
        visit(b"a,b\n", |_| {}).unwrap_err();
    }

    #[test]
    fn further_rows_are_put_where_they_belong() {
        let [bin, record, requested, module] = [
            "../../../bin/a",
            "a.dist-info/RECORD",
            "a.dist-info/REQUESTED",
            "b.py",
        ]
        .map(Row::bare);
        let all = vec![
            bin.clone(),
            record.clone(),
            requested.clone(),
            module.clone(),
        ];
        let text = String::from_utf8(render(vec![record, module]).unwrap()).unwrap();
        let expected = String::from_utf8(render(all).unwrap()).unwrap();
        assert_eq!(insert(&text, vec![requested, bin]).unwrap(), expected);
    }

    #[test]
    fn contents_are_known_by_digest_and_size() {
        let row = Row::of("a", b"x");
        assert!(row.matches(b"x"));
        assert!(!row.matches(b"y"));
        assert!(!Row(row.0.clone(), row.1.clone(), "2".to_owned()).matches(b"x"));
        assert!(parse(b"only,two\n").is_err());
    }

    #[test]
    fn whatever_is_read_is_read_again_as_the_same() {
        const PIECES: [&[u8]; 16] = [
            b"pip/a.py",
            b",",
            b",",
            b",,",
            b"\"",
            b"\"\"",
            b"\n",
            b"\r\n",
            b"\r",
            b"sha256=AAAA",
            b"-1",
            b"1e9",
            b" ",
            b"../../x",
            b"\xff",
            b"\0",
        ];
        let mut random = fastrand::Rng::with_seed(1);
        let mut understood = 0;
        for _ in 0..5000 {
            let pieces = random.usize(..20);
            let text = (0..pieces).map(|_| *random.choice(PIECES.iter()).unwrap());
            let text = text.collect::<Vec<_>>().concat();
            if let Ok(mut rows) = parse(&text) {
                let rendered = render(rows.clone()).unwrap();
                rows.sort();
                assert_eq!(parse(&rendered).unwrap(), rows, "{text:?}");
                insert(&String::from_utf8(rendered).unwrap(), rows).unwrap();
                understood += 1;
            }
        }
        assert!(understood > 100, "{understood}");
    }
}
