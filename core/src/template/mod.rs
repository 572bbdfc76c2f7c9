//! A template: a challenge that users may make their own of, within bounds (domain.md 5.1, ADR 0073).
//!
//! What a user may choose, and from what, is data; all else is the template's: what is won above all, and who pays. Which entity it
//! lives in is `challenge`'s to say.

use alloc::{boxed::Box, format, string::String, vec::Vec};
use minicbor::{Decode, Encode};

use crate::{
    civil::Day,
    definition::{Definition, DefinitionFault, Kind},
    id::TemplateId,
    limits,
    zone::Zones,
};

/// Numbers that a user may choose.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Allowed {
    /// Those from a first to a last one, both inside.
    #[n(0)]
    Range(#[n(0)] i64, #[n(1)] i64),
    /// These alone, at most [`limits::TEMPLATE_VALUES_MAX`].
    #[n(1)]
    List(#[n(0)] Vec<i64>),
}

impl Allowed {
    fn has(&self, value: i64) -> bool {
        match self {
            Self::Range(from, to) => (*from..=*to).contains(&value),
            Self::List(values) => values.contains(&value),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Range(from, to) => from > to,
            Self::List(values) => values.is_empty() || values.len() > limits::TEMPLATE_VALUES_MAX,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Range(from, to) => format!("{from} to {to}"),
            Self::List(values) => format!("one of {values:?}"),
        }
    }
}

/// What a user may choose; what is `None` is the template's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Bounds {
    /// A title.
    #[n(0)]
    pub title: bool,
    /// How many days after today the window starts; it must be said. `None`: tomorrow or the day after.
    #[n(1)]
    pub starts_in: Option<Allowed>,
    /// How many days it has.
    #[n(2)]
    pub days: Option<Allowed>,
    /// The amount that is to be reached, store units: the target, or the bar of each day.
    #[n(3)]
    pub target: Option<Allowed>,
    /// Places.
    #[n(4)]
    pub capacity: Option<Allowed>,
    /// Open challenges of one user that were made from templates, this one among them.
    #[n(5)]
    pub open_per_user: u32,
}

/// The state of a template.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Template {
    /// What its challenges are where the user chooses nothing; of its dates only how many they are counts.
    #[n(0)]
    pub definition: Definition,
    /// What a user may choose.
    #[n(1)]
    pub bounds: Bounds,
    /// When it was made, POSIX ms.
    #[n(2)]
    pub created_ms: i64,
}

/// What can change a template: it is made.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum TemplateInput {
    /// Makes it.
    #[n(1)]
    Make {
        /// What its challenges are.
        #[n(0)]
        definition: Definition,
        /// What a user may choose.
        #[n(1)]
        bounds: Bounds,
    },
}

/// What a user chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// A title.
    pub title: Option<String>,
    /// First date of the window.
    pub starts: Day,
    /// How many days it has.
    pub days: Option<i64>,
    /// The amount that is to be reached, store units.
    pub target: Option<i64>,
    /// Places.
    pub capacity: Option<i64>,
}

impl Choice {
    /// Nothing but when it starts.
    #[must_use]
    pub fn starting(starts: Day) -> Self {
        Self {
            title: None,
            starts,
            days: None,
            target: None,
            capacity: None,
        }
    }
}

/// What can be asked of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateView {
    /// Which.
    pub template: TemplateId,
    /// What it is.
    pub held: Template,
}

fn days_of(of: &Definition) -> i64 {
    i64::from(of.ends.since(of.starts)).saturating_add(1)
}

/// The amount that a type asks for.
fn target_of(kind: &mut Kind) -> Option<&mut i64> {
    match kind {
        Kind::Target { target } | Kind::Race { target, .. } => Some(target),
        Kind::LastStanding { bar } => Some(bar),
        Kind::Most
        | Kind::TeamVsTeam(_)
        | Kind::Collective { .. }
        | Kind::Journey { .. }
        | Kind::Elimination { .. }
        | Kind::Duel { .. } => None,
    }
}

/// All that is wrong with a template, besides what is wrong with its challenge: each at its member of the body.
#[must_use]
pub fn faults(of: &Definition, bounds: &Bounds) -> Vec<DefinitionFault> {
    let mut faults = Vec::new();
    let mut fault = |wrong: bool, pointer: &'static str, code, words: &str| {
        if wrong {
            faults.push(DefinitionFault::at(pointer, code, words));
        }
    };
    let all = [
        (&bounds.starts_in, "/bounds/starts_in"),
        (&bounds.days, "/bounds/days"),
        (&bounds.target, "/bounds/target"),
        (&bounds.capacity, "/bounds/capacity"),
    ];
    for (allowed, pointer) in all {
        let empty = allowed.as_ref().is_some_and(Allowed::is_empty);
        fault(
            empty,
            pointer,
            "range",
            "it must leave something to choose, at most 100 values",
        );
    }
    let asks = target_of(&mut of.kind.clone()).is_some();
    let words = "the type asks for no amount";
    fault(
        bounds.target.is_some() && !asks,
        "/bounds/target",
        "unsupported",
        words,
    );
    let most = limits::TEMPLATE_OPEN_MAX;
    let fits = (1..=most).contains(&bounds.open_per_user);
    fault(!fits, "/bounds/open_per_user", "range", "1 to 16");
    let again = of.recurs.is_some();
    let words = "users make single challenges";
    fault(again, "/challenge/recurs", "unsupported", words);
    fault(
        of.is_endless,
        "/challenge/window/ends",
        "unsupported",
        "it must end",
    );
    let opens = of.join_opens_ms.is_some();
    let words = "it opens when it is made";
    fault(opens, "/challenge/join/opens_ms", "unsupported", words);
    faults
}

impl Template {
    /// The challenge that a user makes of it; `today`: the date in UTC.
    ///
    /// # Errors
    /// Every choice that is not the user's to make, or not within the bounds, each at its member of the body.
    pub fn challenge(
        &self,
        choice: &Choice,
        (id, today, zones): (TemplateId, Day, &dyn Zones),
    ) -> Result<Definition, Vec<DefinitionFault>> {
        let mut faults = Vec::new();
        let days = days_of(&self.definition);
        let chosen = [
            (
                choice.days.filter(|given| *given != days),
                &self.bounds.days,
                "/days",
            ),
            (choice.target, &self.bounds.target, "/target"),
            (choice.capacity, &self.bounds.capacity, "/capacity"),
        ];
        for (value, allowed, pointer) in chosen {
            faults.extend(value.and_then(|value| judge(value, allowed.as_ref(), pointer)));
        }
        if choice.title.is_some() && !self.bounds.title {
            faults.push(not_yours("/title"));
        }
        let soon = Allowed::Range(1, 2);
        let starts_in = i64::from(choice.starts.since(today));
        let allowed = self.bounds.starts_in.as_ref().unwrap_or(&soon);
        faults.extend(
            judge(starts_in, Some(allowed), "/starts").map(|fault| DefinitionFault {
                detail: format!("it starts in {starts_in} days; {}", fault.detail),
                ..fault
            }),
        );
        let made = self.chosen(choice, days, zones);
        let made = Definition {
            template: Some(id),
            ..made
        };
        // What the template's own values break is the admin's; what the user's do is told at these.
        let already: Vec<_> = self.definition.faults();
        let own = made
            .faults()
            .into_iter()
            .filter(|fault| !already.contains(fault));
        let known: Vec<_> = faults.iter().map(|fault| fault.pointer.clone()).collect();
        faults.extend(
            own.map(placed)
                .filter(|fault| !known.contains(&fault.pointer)),
        );
        if faults.is_empty() {
            Ok(made)
        } else {
            Err(faults)
        }
    }

    fn chosen(&self, choice: &Choice, days: i64, zones: &dyn Zones) -> Definition {
        let moved = choice.starts.since(self.definition.starts);
        let mut made = self.definition.moved(moved, zones);
        let days = choice
            .days
            .unwrap_or(days)
            .clamp(1, i64::from(limits::WINDOW_DAYS_MAX));
        let days = i32::try_from(days).unwrap_or(1);
        made.ends = made.starts.plus(days.saturating_sub(1));
        if let Some(title) = &choice.title {
            made.title.clone_from(title);
        }
        if let (Some(target), Some(held)) = (choice.target, target_of(&mut made.kind)) {
            *held = target;
        }
        if let Some(capacity) = choice.capacity {
            made.capacity = Some(u32::try_from(capacity).unwrap_or(u32::MAX));
        }
        made
    }
}

/// A fault of a definition at the member of a choice.
fn placed(fault: DefinitionFault) -> DefinitionFault {
    let pointer = match &*fault.pointer {
        "/window/ends" => "/days".into(),
        "/window/starts" | "/window/clock" => "/starts".into(),
        "/bar" => "/target".into(),
        _ => fault.pointer,
    };
    DefinitionFault { pointer, ..fault }
}

fn not_yours(pointer: &'static str) -> DefinitionFault {
    DefinitionFault::at(pointer, "fixed", "the template says what it is")
}

fn judge(value: i64, allowed: Option<&Allowed>, pointer: &'static str) -> Option<DefinitionFault> {
    match allowed {
        None => Some(not_yours(pointer)),
        Some(allowed) if allowed.has(value) => None,
        Some(allowed) => Some(DefinitionFault::at(pointer, "range", allowed.words())),
    }
}

/// Folds one input; `at_ms`: its stamp, POSIX ms.
pub(crate) fn fold(template: &mut Option<Box<Template>>, input: &TemplateInput, at_ms: i64) {
    let TemplateInput::Make { definition, bounds } = input;
    let made = || Template {
        definition: definition.clone(),
        bounds: bounds.clone(),
        created_ms: at_ms,
    };
    // A template that is there never changes: challenges were made of it.
    template.get_or_insert_with(|| Box::new(made()));
}

#[cfg(test)]
mod tests;
