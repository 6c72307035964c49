//! A hostile guest: what it tries, and what must come of it.
//!
//! Guests are text with a head of comments (`tests/guests/hostile`); bytes that no text makes
//! are made here.

use std::path::Path;

/// One of the ways it may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Ok,
    Exit(u32),
    Trap,
    Deadline,
    Oom,
    Limit,
    Invalid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grant {
    None,
    ReadOnly,
    ReadWrite,
}

/// What the next guest in its slot must not see, and who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Residue {
    Leaves,
    LooksFor,
}

#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) expects: Vec<Class>,
    pub(crate) grant: Grant,
    pub(crate) needs_fifo: bool,
    pub(crate) residue: Option<Residue>,
}

/// All rows: controls first, then those that leave something, then the rest.
pub(crate) fn rows(folder: &Path) -> Vec<Row> {
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "wat"));
    files.sort();
    let mut rows: Vec<Row> = files.iter().map(|file| of_text(file)).collect();
    rows.extend(of_bytes());
    rows.sort_by_key(|row| {
        let comes_first = row.name.starts_with("control_");
        let leaves = row.residue == Some(Residue::Leaves);
        (!comes_first, !leaves, row.bytes.len() > 50_000)
    });
    assert!(rows[0].name.starts_with("control_"), "no control rows");
    rows
}

fn of_text(file: &Path) -> Row {
    let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
    let text = std::fs::read_to_string(file).unwrap();
    let field = |field: &str| {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(";; "));
        let mut found = lines.find_map(|line| line.strip_prefix(field)?.strip_prefix(": "));
        found.take().map(str::trim)
    };
    let expects = field("expect").unwrap_or_else(|| panic!("{name}: nothing is expected"));
    Row {
        expects: expects
            .split('|')
            .map(|class| class_of(&name, class))
            .collect(),
        grant: match field("grant") {
            None | Some("none") => Grant::None,
            Some("ro") => Grant::ReadOnly,
            Some("rw") => Grant::ReadWrite,
            Some(other) => panic!("{name}: grant: {other}"),
        },
        needs_fifo: field("needs") == Some("fifo"),
        residue: match field("pool") {
            None => None,
            Some("writer") => Some(Residue::Leaves),
            Some("reader") => Some(Residue::LooksFor),
            Some(other) => panic!("{name}: pool: {other}"),
        },
        bytes: wat::parse_str(&text).unwrap_or_else(|why| panic!("{name}: {why}")),
        name,
    }
}

fn class_of(name: &str, text: &str) -> Class {
    match text.trim() {
        "OK" => Class::Ok,
        "TRAP" => Class::Trap,
        "DEADLINE" => Class::Deadline,
        "OOM" => Class::Oom,
        "LIMIT" => Class::Limit,
        "INVALID" => Class::Invalid,
        other => match other.strip_prefix("EXIT ").map(str::parse) {
            Some(Ok(status)) => Class::Exit(status),
            _ => panic!("{name}: expect: {other}"),
        },
    }
}

/// Files that are no modules, and modules that cost a compiler more than they should.
fn of_bytes() -> Vec<Row> {
    const HEAD: &[u8] = b"\0asm\x01\0\0\0";
    let wasm = |rest: &[u8]| [HEAD, rest].concat();
    let row = |name: &str, bytes: Vec<u8>, expects: &[Class]| Row {
        bytes,
        expects: expects.to_vec(),
        ..Row::named(name, Class::Ok)
    };
    let invalid = |name: &str, bytes| row(name, bytes, &[Class::Invalid]);
    vec![
        invalid("is_empty", Vec::new()),
        invalid("is_a_magic_number_alone", b"\0asm".to_vec()),
        invalid("is_of_version_two", b"\0asm\x02\0\0\0".to_vec()),
        invalid("is_an_empty_component", b"\0asm\x0d\0\x01\0".to_vec()),
        invalid(
            "is_an_executable",
            b"\x7fELF\x02\x01\x01\0wasmtime".to_vec(),
        ),
        invalid(
            "claims_four_thousand_million_types",
            wasm(b"\x01\x05\xff\xff\xff\xff\x0f"),
        ),
        invalid(
            "claims_a_section_longer_than_itself",
            wasm(b"\x01\xff\xff\xff\xff\x07\x60"),
        ),
        invalid("counts_data_it_has_not", {
            wasm(b"\x01\x04\x01\x60\0\0\x03\x02\x01\0\x05\x03\x01\0\x01\x07\x0a\x01\x06_start\0\0\x0c\x01\x02\x0a\x04\x01\x02\0\x0b\x0b\x01\0")
        }),
        invalid(
            "has_three_hundred_thousand_functions",
            many_functions(300_000),
        ),
        invalid("has_fifty_thousand_locals", many_locals(50_000)),
        row(
            "nests_ten_thousand_blocks",
            nested(10_000),
            &[Class::Invalid, Class::Ok],
        ),
        invalid("doubles_types_forty_times", doubled_types(40)),
    ]
}

fn many_functions(count: usize) -> Vec<u8> {
    let functions = "(func)".repeat(count);
    wat::parse_str(format!("(module {functions} (func (export \"_start\")))")).unwrap()
}

fn many_locals(count: usize) -> Vec<u8> {
    let locals = "v128 ".repeat(count);
    wat::parse_str(format!(
        "(module (func (export \"_start\") (local {locals})))"
    ))
    .unwrap()
}

fn nested(depth: usize) -> Vec<u8> {
    // As bytes: text so deep is refused by its own parser.
    let mut body = vec![0];
    body.extend([0x02, 0x40].repeat(depth));
    body.extend(vec![0x0b; depth + 1]);
    let sized = |bytes: &[u8]| [leb(bytes.len()), bytes.to_vec()].concat();
    let code = [vec![1], sized(&body)].concat();
    let mut module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0".to_vec();
    module.extend(b"\x07\x0a\x01\x06_start\0\0");
    module.push(0x0a);
    module.extend(sized(&code));
    module
}

fn leb(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// A component whose last type, written out, has two to the power of `times` leaves.
fn doubled_types(times: usize) -> Vec<u8> {
    let doubled = |n: usize| format!("(type $t{} (tuple $t{n} $t{n}))", n + 1);
    let types: String = (0..times).map(doubled).collect();
    let text = format!(
        "(component (type $t0 (tuple u8 u8)) {types} (import \"a\" (func (param \"p\" $t{times}))))"
    );
    wat::parse_str(text).unwrap()
}

impl Class {
    /// What the command's exit status says.
    pub(crate) fn of_status(status: i32) -> Option<Self> {
        match status {
            0 => Some(Self::Ok),
            65 => Some(Self::Invalid),
            124 | 152 => Some(Self::Deadline),
            134 => Some(Self::Trap),
            137 => Some(Self::Oom),
            153 => Some(Self::Limit),
            1..=125 => Some(Self::Exit(status.cast_unsigned())),
            _ => None,
        }
    }
}

impl Row {
    /// One that is granted nothing; its bytes are to be filled in.
    pub(crate) fn named(name: &str, expects: Class) -> Self {
        Self {
            name: name.to_owned(),
            bytes: Vec::new(),
            expects: vec![expects],
            grant: Grant::None,
            needs_fifo: false,
            residue: None,
        }
    }

    pub(crate) fn allows(&self, class: Option<Class>) -> bool {
        class.is_some_and(|class| self.expects.contains(&class))
    }
}
