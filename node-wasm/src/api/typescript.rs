//! The API in TypeScript, made from the list of calls and from the types that serde reads and
//! writes; and the test that what is checked in is just that.

mod answers;
mod layout;

use super::calls::signatures;
use super::profiles::{ProfileId, ProfileName};
use super::start::StartOptions;
use crate::client::Listed;
use node_core::request::ErrorCode;
use node_core::view::{EVENTS, Event};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use ts_rs::{Config, TS, TypeVisitor};

/// The file of the npm package that holds the types, from this package's folder.
const FILE: &str = "package/tabchain.d.ts";

/// Set, the test writes the file in place of comparing it: `cargo xtask types` does.
const WRITE: &str = "TABCHAIN_WRITE_TYPES";

/// What stands above all types.
const HEAD: &str = "\
// Tabchain's JavaScript API, made from the Rust code by `cargo xtask types`.
//
// Amounts are decimal strings in TAB; hashes and ids are lower-case hex; times are milliseconds since 1970.
";

/// What no call and no event names.
const REST: &str = "\
/** What a refused call rejects with. */
export interface TabchainError extends Error {
  /** A stable word for what is wrong. */
  code: ErrorCode;
  /** The field of a form that is wrong, if one is. */
  field?: string;
  /** The message with places in braces, which names it for whoever translates it. */
  pattern: string;
  /** What stands in the places, by their names. */
  values: { [key in string]: Value };
}

/** The names of the events. */
export type EventName = NodeEvent[\"event\"];

/** What the callbacks of an event get. */
export type EventDetail<Name extends EventName> = Extract<NodeEvent, { event: Name }>[\"detail\"];
";

/// What the package exports.
const START: &str = "\
/** Starts a node; the module is loaded at the first call. */
export function start(options?: StartOptions | null): Promise<Tabchain>;
";

/// The calls about profiles, which the page answers itself.
const PROFILES: &str = "  readonly profiles: {
    /** All profiles of this browser. */
    list(): Promise<Array<ListedProfile>>;

    /** Calls a profile of this network and room otherwise. */
    rename(name: ProfileName): Promise<null>;

    /** Loads the page anew with another profile of this network and room, which is made if there is none. */
    switch(profile: ProfileId): Promise<null>;

    /** Erases a profile with its wallet and its chain, unless another tab has it. Of this tab's own the page is loaded anew. */
    erase(profile: ProfileId): Promise<null>;
  };

";

/// The calls that listen.
const LISTENING: &str =
    "  /** Calls back at every event of this name. A callback that is there already is not added again. */
  on<Name extends EventName>(event: Name, callback: (detail: EventDetail<Name>) => void): void;

  /** Calls back no longer. */
  off<Name extends EventName>(event: Name, callback: (detail: EventDetail<Name>) => void): void;
";

/// The type of a call.
pub(super) struct Signature {
    path: &'static str,
    docs: &'static str,
    /// Names and types, `?` where one may be left out.
    parameters: Vec<String>,
    answer: String,
    declare: Vec<fn(&mut Declarations)>,
    /// Whether JSON is an answer of the type: reads and writes it, and gives what then stands there.
    again: fn(Value) -> serde_json::Result<Value>,
}

impl Signature {
    /// A call without an argument.
    pub(super) fn new<A: TS + Serialize + DeserializeOwned + 'static>(path: &'static str, docs: &'static str) -> Self {
        Self {
            path,
            docs,
            parameters: Vec::new(),
            answer: A::name(&config()),
            declare: vec![Declarations::add::<A>],
            again: |json| serde_json::to_value(serde_json::from_value::<A>(json)?),
        }
    }

    /// The same with one argument more.
    pub(super) fn takes<T: TS + 'static>(mut self, name: &str) -> Self
    where
        T::OptionInnerType: TS,
    {
        let (mark, kind) = if T::IS_OPTION {
            ("?", format!("{} | null", T::OptionInnerType::name(&config())))
        } else {
            ("", T::name(&config()))
        };
        self.parameters.push(format!("{}{mark}: {kind}", camel_case(name)));
        self.declare.push(Declarations::add::<T>);
        self
    }

    fn group(&self) -> Option<&'static str> {
        self.path.split_once('.').map(|(group, _)| group)
    }

    fn render(&self, indent: &str) -> String {
        let name = self.path.rsplit('.').next().unwrap_or(self.path);
        let docs = layout::comment(self.docs, indent);
        let parameters = self.parameters.join(", ");
        format!("{docs}{indent}{name}({parameters}): Promise<{}>;\n", self.answer)
    }
}

/// `JSON.parse` makes numbers of whatever size into numbers.
fn config() -> Config {
    Config::new().with_large_int("number")
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        camel += &first.to_ascii_uppercase();
        camel += rest;
    }
    camel
}

/// Declared types by their names.
#[derive(Default)]
struct Declarations(BTreeMap<String, String>);

impl Declarations {
    /// Adds a type, if it has a name of its own, and all that it is made of.
    fn add<T: TS + ?Sized + 'static>(&mut self) {
        if T::output_path().is_some() {
            let name = T::ident(&config());
            let text = layout::declaration(T::docs().as_deref(), &T::decl(&config()));
            match self.0.get(&name) {
                Some(known) => {
                    assert_eq!(*known, text, "two types are called {name}: give one `#[ts(rename = \"…\")]`");
                    return;
                }
                None => self.0.insert(name, text),
            };
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        self.add::<T>();
    }
}

/// The whole file.
fn render() -> String {
    let signatures = signatures();
    let mut declarations = Declarations::default();
    declarations.add::<Event>();
    declarations.add::<ErrorCode>();
    declarations.add::<StartOptions>();
    declarations.add::<Listed>();
    declarations.add::<ProfileId>();
    declarations.add::<ProfileName>();
    for declare in signatures.iter().flat_map(|signature| &signature.declare) {
        declare(&mut declarations);
    }
    let mut text = HEAD.to_owned();
    for declaration in declarations.0.values() {
        text += "\n";
        text += declaration;
    }
    text += "\n";
    text += REST;
    text += "\n/** A running node. `window.tabchain` of Tabchain's page is one, too. */\nexport interface Tabchain {\n";
    let mut written: Vec<&str> = Vec::new();
    for signature in &signatures {
        let Some(group) = signature.group() else {
            text += &signature.render("  ");
            text += "\n";
            continue;
        };
        if written.contains(&group) {
            continue;
        }
        written.push(group);
        let members = signatures.iter().filter(|other| other.group() == Some(group));
        let members: Vec<_> = members.map(|member| member.render("    ")).collect();
        let _ = write!(text, "  readonly {group}: {{\n{}  }};\n\n", members.join("\n"));
    }
    text += PROFILES;
    text += LISTENING;
    text += "}\n\n";
    text += START;
    text
}

#[test]
fn the_types_that_are_checked_in_are_those_of_the_code() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let made = render();
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, made).unwrap();
        return;
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    let first = known.lines().zip(made.lines()).find(|(known, made)| known != made);
    assert!(
        known == made,
        "node-wasm/{FILE} does not say what the code does: run `cargo xtask types` and look at what changes. \
         First difference: {first:?}"
    );
}

#[test]
fn every_event_can_be_listened_to() {
    let types = Event::inline(&config());
    let named: Vec<&str> = types.split("\"event\": \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(named, EVENTS, "`node_core::view::EVENTS` lists the events of `Event`, in its order");
}

#[test]
fn names_of_arguments_are_in_camel_case() {
    assert_eq!(camel_case("height_or_hash"), "heightOrHash");
    assert_eq!(camel_case("id"), "id");
}
