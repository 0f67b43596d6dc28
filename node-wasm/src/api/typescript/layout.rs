//! Lays out declarations, which ts-rs writes in few lines.

/// One level.
const INDENT: &str = "  ";

/// A comment before what stands at this indent; lines of prose in one line if there is one only.
pub(super) fn comment(docs: &str, indent: &str) -> String {
    let lines: Vec<&str> = docs.trim().lines().map(str::trim).collect();
    match lines.as_slice() {
        [] => String::new(),
        [line] => format!("{indent}/** {line} */\n"),
        lines => {
            let mut text = format!("{indent}/**\n");
            for line in lines {
                text += format!("{indent} * {line}").trim_end();
                text += "\n";
            }
            text + indent + " */\n"
        }
    }
}

/// An exported declaration with its comment.
pub(super) fn declaration(docs: Option<&str>, text: &str) -> String {
    let docs = docs.map(|docs| comment(&without_marks(docs), "")).unwrap_or_default();
    format!("{docs}export {}\n", laid_out(text))
}

/// What a comment says.
fn without_marks(comment: &str) -> String {
    // Rust's links to items mean nothing here.
    let comment = comment.replace("[`", "`").replace("`]", "`");
    let lines = comment.trim().trim_start_matches("/**").trim_end_matches("*/").lines();
    lines.map(|line| line.trim().trim_start_matches('*').trim()).collect::<Vec<_>>().join("\n")
}

/// One member of an object a line, indented by its depth; comments in front of it.
fn laid_out(text: &str) -> String {
    let mut out = String::new();
    let mut depth = 0;
    let mut rest = text.trim();
    while let Some(next) = rest.chars().next() {
        if rest.starts_with("/**") {
            let end = rest.find("*/").map_or(rest.len(), |at| at + 2);
            let (docs, after) = rest.split_at(end);
            let indent = INDENT.repeat(depth);
            out.truncate(out.trim_end_matches(' ').len());
            out += &comment(&without_marks(docs), &indent);
            out += &indent;
            rest = after.trim_start();
            continue;
        }
        if let Some(name) = property(rest) {
            out += name;
            rest = &rest[name.len() + 2..];
            continue;
        }
        let length = match next {
            '"' => rest[1..].find('"').map_or(rest.len(), |at| at + 2),
            _ => next.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        match token {
            "{" | "," if token == "{" || depth > 0 && in_object(&out) => {
                if token == "{" {
                    depth += 1;
                }
                out += if token == "{" { "{" } else { ";" };
                rest = rest.trim_start();
                if rest.starts_with('}') {
                    continue;
                }
                out += "\n";
                out += &INDENT.repeat(depth);
            }
            "}" => {
                depth -= 1;
                out.truncate(out.trim_end().len());
                if !out.ends_with(['{', ';']) {
                    out += ";";
                }
                out += "\n";
                out += &INDENT.repeat(depth);
                out += "}";
            }
            token => out += token,
        }
    }
    out
}

/// The name of a property that stands in quotes for no reason.
fn property(text: &str) -> Option<&str> {
    let (name, after) = text.strip_prefix('"')?.split_once('"')?;
    (after.starts_with(':') && name.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(name)
}

/// Whether what is open last is an object, and no list of parameters or types.
fn in_object(text: &str) -> bool {
    let line = text.rsplit('\n').next().unwrap_or(text);
    let open = |opening: char, closing: char| line.matches(opening).count() > line.matches(closing).count();
    !open('<', '>') && !open('[', ']') && !open('(', ')')
}

#[test]
fn members_stand_in_lines_of_their_own() {
    let text =
        "type A = { \n/**\n * One.\n */\none: string, two: Record<string, number>, three: { \"four\": [1, 2], }, };";
    let expected = "\
/** Said `there`. */
export type A = {
  /** One. */
  one: string;
  two: Record<string, number>;
  three: {
    four: [1, 2];
  };
};
";
    assert_eq!(declaration(Some("/**\n * Said [`there`].\n */\n"), text), expected);
}

#[test]
fn unions_stay_in_their_line() {
    assert_eq!(declaration(None, "type B = \"a,b\" | \"{\";"), "export type B = \"a,b\" | \"{\";\n");
}
