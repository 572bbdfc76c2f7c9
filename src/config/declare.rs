//! What a declared setting is, and the macro that turns the list of `settings.rs` into types and descriptions.
//!
//! It knows no single setting and reads nothing; `effective.rs` does the reading.

use std::ops::RangeInclusive;

use super::value::{Field, Kind, Value};

/// Says what is wrong with a text.
pub(super) type Check = fn(&str) -> Result<(), String>;

/// One setting as it was declared.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its dotted key, such as `limits.frames_per_s`.
    pub key: String,
    /// The heading that it stands under.
    pub group: &'static str,
    /// What it means, in one sentence without a stop.
    pub meaning: String,
    /// How it is written.
    pub kind: Kind,
    /// Whether it may be unset.
    pub optional: bool,
    /// What it is where nobody sets it.
    pub default: Value,
    /// The least and the most, of an integer.
    pub(super) bounds: Option<(u64, u64)>,
    /// Whether the field's type can hold a value.
    pub(super) fits: fn(&Value) -> bool,
    /// What else is wrong with a text, or with each of a list.
    pub(super) check: Option<Check>,
}

impl Setting {
    /// Its name in the environment, such as `STREAKLINE_LIMITS_FRAMES_PER_S`.
    #[must_use]
    pub fn variable(&self) -> String {
        let name = self.key.replace('.', "_").to_ascii_uppercase();
        format!("{}{name}", super::environment::PREFIX)
    }

    /// Its flag without the dashes, such as `limits-frames-per-s`.
    #[must_use]
    pub fn flag(&self) -> String {
        self.key.replace(['.', '_'], "-")
    }

    /// What a text of the environment or of a flag means.
    pub(super) fn parse(&self, text: &str) -> Result<Value, String> {
        let form = || self.form(&format!("{text:?}"));
        let value = match self.kind {
            _ if self.optional && text.is_empty() => Value::Unset,
            Kind::Integer => Value::Integer(text.parse().map_err(|_| form())?),
            Kind::Boolean => Value::Boolean(text.parse().map_err(|_| form())?),
            Kind::List => {
                let items = text.split(',').map(str::trim);
                let items = items.filter(|item| !item.is_empty());
                Value::List(items.map(str::to_owned).collect())
            }
            _ => Value::Text(text.to_owned()),
        };
        self.checked(value, text)
    }

    /// The value, if the setting may have it; `shown` is how it was written.
    pub(super) fn checked(&self, value: Value, shown: &str) -> Result<Value, String> {
        if let (Value::Integer(number), Some((least, most))) = (&value, self.bounds)
            && !(least..=most).contains(number)
        {
            return Err(format!("must be {least} to {most}, not {shown}"));
        }
        if !(self.fits)(&value) {
            return Err(self.form(&format!("{shown:?}")));
        }
        let texts = match &value {
            Value::Text(text) => std::slice::from_ref(text),
            Value::List(items) => items,
            _ => &[],
        };
        if let Some(check) = self.check {
            texts.iter().try_for_each(|text| check(text))?;
        }
        Ok(value)
    }

    /// That `shown` is not of the setting's kind; what was meant to be secret is not repeated.
    pub(super) fn form(&self, shown: &str) -> String {
        match self.kind {
            Kind::Secret => format!("must be {}", self.kind.words()),
            kind => format!("must be {}, not {shown}", kind.words()),
        }
    }
}

/// Least and most of a range of integers.
pub(super) fn bounds<T: Field>(range: RangeInclusive<T::Literal>) -> Option<(u64, u64)> {
    let (least, most) = range.into_inner();
    match (T::value(least), T::value(most)) {
        (Value::Integer(least), Value::Integer(most)) => Some((least, most)),
        _ => None,
    }
}

/// Makes `Config`, a struct for each group, and `Config::settings()` from the list in `settings.rs`.
macro_rules! settings {
    (
        #[doc = $heading:literal] { $($plain:tt)+ }
        $( #[doc = $about:literal] $group:ident: $Group:ident { $($grouped:tt)+ } )*
    ) => {
        settings! { @group $heading Config { $( #[doc = $about] $group: $Group, )* } $($plain)+ }
        $( settings! { @group $about $Group {} $($grouped)+ } )*

        impl Config {
            /// Every setting, in the order of the list.
            #[must_use]
            pub fn settings() -> &'static [Setting] {
                static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
                    let mut all = Vec::new();
                    Config::describe("", &mut all);
                    all
                });
                &SETTINGS
            }
        }
    };
    (
        @group $heading:literal $Name:ident { $( #[doc = $about:literal] $group:ident: $Group:ident, )* }
        $( $( #[doc = $meaning:literal] )+
           $name:ident: $type:ty = $default:expr
           $(, within $range:expr)? $(, check $check:path)?; )+
    ) => {
        #[doc = $heading]
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $Name {
            $( $( #[doc = $meaning] )+ pub $name: $type, )+
            $( #[doc = $about] pub $group: $Group, )*
        }

        impl $Name {
            fn describe(prefix: &str, all: &mut Vec<Setting>) {
                $( all.push(Setting {
                    key: format!("{prefix}{}", stringify!($name)),
                    group: $heading.trim(),
                    meaning: [$( $meaning.trim() ),+].join(" "),
                    kind: <$type as Field>::KIND,
                    optional: <$type as Field>::OPTIONAL,
                    default: <$type as Field>::value($default),
                    bounds: settings!(@bounds $type $(, $range)?),
                    fits: |value| <$type as Field>::read(value).is_some(),
                    check: settings!(@check $($check)?),
                }); )+
                $( $Group::describe(concat!(stringify!($group), "."), all); )*
            }

            /// The fields from the values of their keys; none if a type cannot hold its value.
            fn read<'a>(prefix: &str, value: &dyn Fn(&str) -> Option<&'a Value>) -> Option<Self> {
                Some(Self {
                    $( $name: Field::read(value(&format!("{prefix}{}", stringify!($name)))?)?, )+
                    $( $group: $Group::read(concat!(stringify!($group), "."), value)?, )*
                })
            }
        }
    };
    (@bounds $type:ty) => { None };
    (@bounds $type:ty, $range:expr) => { declare::bounds::<$type>($range) };
    (@check) => { None };
    (@check $check:path) => { Some($check) };
}
pub(super) use settings;
