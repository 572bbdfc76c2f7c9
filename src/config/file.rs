//! The TOML file: its keys and values with their lines, and what is wrong with them.

use std::path::Path;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::declare::Setting;
use super::fault::{Fault, Origin};
use super::nearest::nearest;
use super::value::{Kind, Value};

/// A setting, its value and where it stands.
pub(super) type Given<'a> = (&'a Setting, Value, Origin);

/// Everything that the file sets; what is wrong goes to `faults`.
pub(super) fn read<'a>(
    settings: &'a [Setting],
    path: &Path,
    faults: &mut Vec<Fault>,
) -> Vec<Given<'a>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let detail = format!("cannot be read: {error}");
            faults.push(Fault {
                origin: at(path, 1),
                detail,
            });
            return Vec::new();
        }
    };
    let (table, errors) = DeTable::parse_recoverable(&text);
    if !errors.is_empty() {
        // What follows a slip in the syntax may be read wrongly: only the slips are told.
        faults.extend(errors.iter().map(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let detail = error.message().to_owned();
            Fault {
                origin: at(path, line(&text, start)),
                detail,
            }
        }));
        return Vec::new();
    }
    let mut file = File {
        settings,
        path,
        text: &text,
        given: Vec::new(),
        faults,
    };
    file.table(table.get_ref(), "");
    file.given
}

fn at(path: &Path, line: usize) -> Origin {
    Origin::File {
        path: path.to_owned(),
        line,
    }
}

fn line(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count() + 1
}

struct File<'a, 'f> {
    settings: &'a [Setting],
    path: &'f Path,
    text: &'f str,
    given: Vec<Given<'a>>,
    faults: &'f mut Vec<Fault>,
}

impl<'a> File<'a, '_> {
    fn table(&mut self, table: &DeTable<'_>, prefix: &str) {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            let origin = at(self.path, line(self.text, name.span().start));
            let settings: &'a [Setting] = self.settings;
            let known = settings.iter().find(|setting| setting.key == key);
            match (known, value.get_ref()) {
                (Some(setting), _) => self.value(setting, value, origin),
                (None, DeValue::Table(inner)) => self.table(inner, &format!("{key}.")),
                (None, _) => self.faults.push(self.unknown(&key, origin)),
            }
        }
    }

    fn unknown(&self, key: &str, origin: Origin) -> Fault {
        let keys = self.settings.iter().map(|setting| setting.key.clone());
        Fault::unknown(origin, key, nearest(key, keys))
    }

    fn value(&mut self, setting: &'a Setting, value: &Spanned<DeValue<'_>>, origin: Origin) {
        let written = self.text.get(value.span()).unwrap_or_default();
        let taken = of_toml(setting.kind, value.get_ref())
            .ok_or_else(|| setting.form(written))
            .and_then(|value| setting.checked(value, written));
        match taken {
            Ok(value) => self.given.push((setting, value, origin)),
            Err(detail) => self
                .faults
                .push(Fault::value(origin, &setting.key, &detail)),
        }
    }
}

/// A TOML value as one of a setting of this kind; none where its form is another.
fn of_toml(kind: Kind, value: &DeValue<'_>) -> Option<Value> {
    Some(match (kind, value) {
        (Kind::Integer, DeValue::Integer(number)) => {
            Value::Integer(u64::from_str_radix(number.as_str(), number.radix()).ok()?)
        }
        (Kind::Boolean, DeValue::Boolean(truth)) => Value::Boolean(*truth),
        (Kind::List, DeValue::Array(items)) => {
            let texts = items.iter().map(|item| item.get_ref().as_str());
            Value::List(
                texts
                    .map(|text| text.map(str::to_owned))
                    .collect::<Option<_>>()?,
            )
        }
        (Kind::Integer | Kind::Boolean | Kind::List, _) => return None,
        (_, DeValue::String(text)) => Value::Text(text.clone().into_owned()),
        _ => return None,
    })
}
