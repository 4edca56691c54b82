//! Sizes and ages as a person says them, and the table that they stand in.

use std::time::Duration;

/// Returns a number of bytes, to three digits.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    let mut tenths = bytes / 100;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while let Some(next) = units.next().filter(|_| tenths >= 10_000) {
        tenths /= 1000;
        unit = Some(next);
    }
    let unit = unit.unwrap_or(&"kB");
    match tenths {
        1000.. => format!("{} {unit}", tenths / 10),
        _ => format!("{}.{} {unit}", tenths / 10, tenths % 10),
    }
}

/// Returns how long ago something was, to the largest unit of which there is a whole one.
pub(super) fn age(age: Duration) -> String {
    const UNITS: [(u64, &str); 5] = [
        (365 * 24 * 3600, "year"),
        (30 * 24 * 3600, "month"),
        (24 * 3600, "day"),
        (3600, "hour"),
        (60, "minute"),
    ];
    let seconds = age.as_secs();
    let unit = UNITS.iter().find(|(length, _)| seconds >= *length);
    unit.map_or("just now".to_owned(), |(length, unit)| {
        format!("{} ago", count(seconds / length, unit))
    })
}

/// Returns a number of things, in the plural where there is not one.
pub(super) fn count(number: impl TryInto<u64>, thing: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// Returns lines whose columns are aligned; the columns of numbers, by their index, to the right.
pub(super) fn table<const N: usize>(rows: &[[String; N]], numbers: &[usize]) -> String {
    let mut text = String::new();
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    for row in rows {
        let cell = |(column, cell): (usize, &String)| {
            let width = widths[column];
            if numbers.contains(&column) {
                format!("{cell:>width$}")
            } else {
                format!("{cell:width$}")
            }
        };
        let cells: Vec<String> = row.iter().enumerate().map(cell).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_three_digits_at_most() {
        for (bytes, text) in [
            (0, "0.0 kB"),
            (4096, "4.0 kB"),
            (999_999, "999 kB"),
            (7_100_000, "7.1 MB"),
            (4_000_000_000_000_000, "4000 TB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn an_age_is_that_of_its_largest_unit() {
        const DAY: u64 = 24 * 3600;
        for (seconds, text) in [
            (59, "just now"),
            (60, "1 minute ago"),
            (7200, "2 hours ago"),
            (3 * DAY, "3 days ago"),
            (65 * DAY, "2 months ago"),
            (800 * DAY, "2 years ago"),
        ] {
            assert_eq!(age(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [
            ["NAME", "SIZE", "X"],
            ["a", "1", ""],
            ["longer", "22222", "y"],
        ];
        let rows = rows.map(|row| row.map(str::to_owned));
        let expected = "NAME     SIZE  X\na           1\nlonger  22222  y\n";
        assert_eq!(table(&rows, &[1]), expected);
    }
}
