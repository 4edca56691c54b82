//! The shapes that `--help` promises of what `--json` prints, read from there: `{"key": SHAPE, …}`, a key alone has a value
//! without parts; `[SHAPE]`; `SHAPE or SHAPE`; `null`; `NAME`, which a line `NAME = SHAPE` explains.

use serde_json::Value;
use std::collections::BTreeMap;

const HEADING: &str = "--json prints:";

#[derive(Debug, Clone)]
enum Shape {
    Scalar,
    Null,
    Object(BTreeMap<String, Shape>),
    List(Box<Shape>),
    Either(Vec<Shape>),
    Named(String),
}

/// What a help promises.
#[derive(Debug)]
pub(super) struct Promise {
    whole: Shape,
    named: BTreeMap<String, Shape>,
}

impl Promise {
    /// The one in `help`, if there is one.
    pub(super) fn of(help: &str) -> Option<Self> {
        let mut lines = lines(help)?.into_iter();
        let whole = Text(&lines.next()?).whole();
        let named = lines.map(|line| {
            let (name, shape) = line.split_once(" = ").unwrap();
            (name.to_owned(), Text(shape).whole())
        });
        let named = named.collect();
        Some(Self { whole, named })
    }

    /// Fails unless `value` has this shape; `scalar` gets every key and its value that has no parts.
    #[track_caller]
    pub(super) fn holds_for(&self, value: &Value, scalar: &mut impl FnMut(&str, &Value)) {
        assert!(self.fits(&self.whole, value), "{value:#} is not {self:#?}");
        each_scalar("", value, scalar);
    }

    fn fits(&self, shape: &Shape, value: &Value) -> bool {
        match (shape, value) {
            (Shape::Named(name), _) => self.fits(&self.named[name], value),
            (Shape::Either(shapes), _) => shapes.iter().any(|shape| self.fits(shape, value)),
            (Shape::List(item), Value::Array(values)) => {
                values.iter().all(|value| self.fits(item, value))
            }
            (Shape::Object(keys), Value::Object(values)) => {
                keys.len() == values.len()
                    && keys.iter().all(|(key, shape)| {
                        values.get(key).is_some_and(|value| self.fits(shape, value))
                    })
            }
            (Shape::Null, Value::Null) => true,
            (Shape::Scalar, value) => !value.is_array() && !value.is_object(),
            _ => false,
        }
    }
}

/// The lines below the heading, one for each shape; what is indented more goes on with the line above.
pub(super) fn lines(help: &str) -> Option<Vec<String>> {
    let mut below = help.lines().skip_while(|line| *line != HEADING).skip(1);
    let mut lines = vec![below.next()?.trim().to_owned()];
    for line in below.take_while(|line| line.starts_with("  ")) {
        match line.strip_prefix("    ") {
            Some(rest) => lines.last_mut().unwrap().push_str(&[" ", rest].concat()),
            None => lines.push(line.trim().to_owned()),
        }
    }
    Some(lines)
}

fn each_scalar(key: &str, value: &Value, scalar: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Array(values) => {
            for value in values {
                each_scalar(key, value, scalar);
            }
        }
        Value::Object(values) => {
            for (key, value) in values {
                each_scalar(key, value, scalar);
            }
        }
        value => scalar(key, value),
    }
}

/// What is left to read.
struct Text<'a>(&'a str);

impl Text<'_> {
    fn whole(mut self) -> Shape {
        let shape = self.shape();
        assert_eq!(self.0, "", "after {shape:?}");
        shape
    }

    fn shape(&mut self) -> Shape {
        let mut shapes = vec![self.one()];
        while self.skip(" or ") {
            shapes.push(self.one());
        }
        match shapes.len() {
            1 => shapes.remove(0),
            _ => Shape::Either(shapes),
        }
    }

    fn one(&mut self) -> Shape {
        if self.skip("{") {
            return self.object();
        }
        if self.skip("[") {
            let item = self.shape();
            assert!(self.skip("]"), "{}", self.0);
            return Shape::List(Box::new(item));
        }
        let word = self.word();
        match word.as_str() {
            "null" => Shape::Null,
            _ => Shape::Named(word),
        }
    }

    fn object(&mut self) -> Shape {
        let mut keys = BTreeMap::new();
        loop {
            assert!(self.skip("\""), "{}", self.0);
            let key = self.word();
            assert!(self.skip("\""), "{}", self.0);
            let shape = if self.skip(": ") {
                self.shape()
            } else {
                Shape::Scalar
            };
            keys.insert(key, shape);
            if self.skip("}") {
                return Shape::Object(keys);
            }
            assert!(self.skip(", "), "{}", self.0);
        }
    }

    fn word(&mut self) -> String {
        let is_word = |char: char| char.is_ascii_alphanumeric() || char == '_';
        let end = self.0.find(|char| !is_word(char)).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        assert!(!word.is_empty(), "no word before {rest}");
        self.0 = rest;
        word.to_owned()
    }

    fn skip(&mut self, token: &str) -> bool {
        let rest = self.0.strip_prefix(token);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }
}

#[test]
fn a_shape_fits_what_it_says_and_nothing_else() {
    let help = "Usage\n\n--json prints:\n  {\"a\", \"b\": [B or null]}\n  B = {\"c\"}\n\nMore\n";
    let promise = Promise::of(help).unwrap();
    let check = |value: Value, expected| {
        assert_eq!(promise.fits(&promise.whole, &value), expected, "{value}");
    };
    check(serde_json::json!({"a": 1, "b": [{"c": null}, null]}), true);
    check(serde_json::json!({"a": "x", "b": []}), true);
    check(serde_json::json!({"a": 1, "b": [{"c": 1, "d": 1}]}), false);
    check(serde_json::json!({"a": 1, "b": {}}), false);
    check(serde_json::json!({"b": []}), false);
    check(serde_json::json!({"a": [], "b": []}), false);
    assert!(Promise::of("Usage\n").is_none());
}
