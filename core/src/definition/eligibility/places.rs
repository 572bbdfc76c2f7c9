//! Where the nodes of a rule are: their JSON pointers, how deep they lie, and which tests must hold together.

use alloc::{format, string::String, vec::Vec};

use super::{Node, Rule};

/// Where a node is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// JSON pointer into the body of the challenge.
    pub(super) pointer: String,
    /// Nodes from the root to here, both counted.
    pub(super) depth: usize,
    /// Nodes of one group must all hold for one of their branches to: `all`s that lie in each other share one. It is the number of
    /// its first node.
    pub(super) group: usize,
    /// Whether it stands in its group under a `not` of its own.
    pub(super) negated: bool,
}

/// A node whose branches are still to come.
struct Frame {
    pointer: String,
    depth: usize,
    left: u32,
    next: u32,
    of: Of,
}

/// What branches have of the node before them.
enum Of {
    All(usize),
    Any,
    /// The group of the node that is negated, where that is one.
    Not(Option<usize>),
}

impl Rule {
    /// Where each node is, of as many as belong to the tree.
    pub(super) fn places(&self) -> Vec<Place> {
        let mut open: Vec<Frame> = Vec::new();
        let mut places = Vec::with_capacity(self.0.len());
        for (at, node) in self.0.iter().enumerate() {
            let place = match open.last_mut() {
                None if at == 0 => root(),
                None => return places,
                Some(frame) => frame.place(at, node),
            };
            let branches = node.branches();
            if branches > 0 {
                open.push(Frame::of(node, &place, at));
            }
            places.push(place);
            while open.last().is_some_and(|frame| frame.left == 0) {
                open.pop();
            }
        }
        places
    }

    /// Whether the nodes are one tree: each branch is there, and nothing else.
    pub(super) fn is_tree(&self) -> bool {
        let mut missing = 1_u64;
        let mut nodes = self.0.iter();
        let follows = |node: &Node| {
            let before = missing;
            missing = before
                .saturating_sub(1)
                .saturating_add(u64::from(node.branches()));
            before > 0
        };
        nodes.all(follows) && missing == 0
    }
}

fn root() -> Place {
    Place {
        pointer: "/eligibility".into(),
        depth: 1,
        group: 0,
        negated: false,
    }
}

impl Frame {
    fn of(node: &Node, place: &Place, at: usize) -> Self {
        let of = match node {
            Node::All(_) => Of::All(place.group),
            // A `not` that is negated itself asks for no group.
            Node::Not => Of::Not(Some(place.group).filter(|_| !place.negated)),
            Node::Any(_) | Node::Leaf { .. } => Of::Any,
        };
        let of = match (of, place.negated) {
            // What is denied as a whole need not hold together with what lies around it.
            (Of::All(_), true) => Of::All(at),
            (of, _) => of,
        };
        let name = match node {
            Node::All(_) => "all",
            Node::Not => "not",
            Node::Any(_) | Node::Leaf { .. } => "any",
        };
        Self {
            pointer: format!("{}/{name}", place.pointer),
            depth: place.depth,
            left: node.branches(),
            next: 0,
            of,
        }
    }

    fn place(&mut self, at: usize, node: &Node) -> Place {
        let pointer = match self.of {
            Of::Not(_) => self.pointer.clone(),
            Of::All(_) | Of::Any => format!("{}/{}", self.pointer, self.next),
        };
        self.left = self.left.saturating_sub(1);
        self.next = self.next.saturating_add(1);
        let is_leaf = matches!(node, Node::Leaf { .. });
        let (group, negated) = match self.of {
            Of::All(group) => (group, false),
            Of::Not(Some(group)) if is_leaf => (group, true),
            Of::Not(_) => (at, true),
            Of::Any => (at, false),
        };
        Place {
            pointer,
            depth: self.depth.saturating_add(1),
            group,
            negated,
        }
    }
}
