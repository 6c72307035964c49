//! Figures as a chart: a bar from p10 to p90 for each row, a mark at p50, over powers of ten.

use crate::bench::{Figures, Row};
use std::fmt::Write;

const WIDTH: f64 = 860.0;
const LEFT: f64 = 110.0;
const RIGHT: f64 = 120.0;
const TOP: f64 = 40.0;
const STEP: f64 = 30.0;

/// Where a time is, from left to right.
struct Scale {
    /// Powers of ten.
    from: f64,
    to: f64,
}

impl Scale {
    fn of(rows: &[Row]) -> Self {
        let shown = |micros: f64| micros.max(0.01).log10();
        let least = rows.iter().map(|row| shown(row.wall_us.p10));
        let most = rows.iter().map(|row| shown(row.wall_us.p90));
        let from = least.fold(f64::INFINITY, f64::min).floor();
        let to = most.fold(f64::NEG_INFINITY, f64::max).ceil();
        match from.is_finite() && to.is_finite() {
            true => Self {
                from,
                to: to.max(from + 1.0),
            },
            false => Self { from: 0.0, to: 1.0 },
        }
    }

    fn x(&self, micros: f64) -> f64 {
        let share = (micros.max(0.01).log10() - self.from) / (self.to - self.from);
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }
}

/// The file.
pub(super) fn svg(figures: &Figures) -> String {
    let rows = &figures.rows;
    let scale = Scale::of(rows);
    let bottom = TOP + STEP * rows.len() as f64;
    let height = bottom + 40.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"13\" role=\"img\">\n<title>What a hook costs: wall-clock time, p10 to p90, and the median</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    grid(&mut svg, &scale, bottom);
    for (number, row) in rows.iter().enumerate() {
        bar(&mut svg, &scale, row, TOP + STEP * number as f64);
    }
    svg + "</svg>\n"
}

fn grid(svg: &mut String, scale: &Scale, bottom: f64) {
    let mut power = scale.from;
    while power <= scale.to {
        let x = scale.x(10_f64.powf(power));
        let label = time(10_f64.powf(power));
        let below = bottom + 18.0;
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\" stroke=\"#ddd\"/><text x=\"{x:.1}\" y=\"{below}\" text-anchor=\"middle\" fill=\"#555\">{label}</text>"
        );
        power += 1.0;
    }
}

fn bar(svg: &mut String, scale: &Scale, row: &Row, y: f64) {
    let wall = row.wall_us;
    let (from, mark, to) = (scale.x(wall.p10), scale.x(wall.p50), scale.x(wall.p90));
    let width = (to - from).max(2.0);
    let is_ours = matches!(
        row.name.as_str(),
        "in-process" | "cold" | "compile" | "exec" | "serve"
    );
    let fill = if is_ours { "#2563eb" } else { "#9ca3af" };
    let (middle, label) = (y + STEP / 2.0 + 4.0, LEFT - 8.0);
    let (name, value) = (escaped(&row.name), time(wall.p50));
    let (top, tall, beside) = (y + 7.0, STEP - 14.0, to + 8.0);
    let _ = writeln!(
        svg,
        "<text x=\"{label}\" y=\"{middle}\" text-anchor=\"end\">{name}</text><rect x=\"{from:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"{tall}\" rx=\"3\" fill=\"{fill}\" opacity=\"0.45\"/><rect x=\"{:.1}\" y=\"{top}\" width=\"3\" height=\"{tall}\" fill=\"{fill}\"/><text x=\"{beside:.1}\" y=\"{middle}\" fill=\"#111\">{value}</text>",
        mark - 1.5,
    );
}

/// `12 µs`, `1.2 ms`.
pub(super) fn time(micros: f64) -> String {
    let (value, unit) = match micros {
        micros if micros >= 1e6 => (micros / 1e6, "s"),
        micros if micros >= 1e3 => (micros / 1e3, "ms"),
        micros => (micros, "µs"),
    };
    match value {
        value if value >= 100.0 => format!("{value:.0} {unit}"),
        value if value.fract() == 0.0 => format!("{value} {unit}"),
        value => format!("{value:.3}").chars().take(4).collect::<String>() + " " + unit,
    }
}

/// As text between tags, and in attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits() {
        for (micros, shown) in [
            (0.5, "0.50 µs"),
            (9.87, "9.87 µs"),
            (12.34, "12.3 µs"),
            (100.0, "100 µs"),
            (1_234.0, "1.23 ms"),
            (31_000.0, "31 ms"),
            (2_500_000.0, "2.50 s"),
        ] {
            assert_eq!(time(micros), shown);
        }
    }

    #[test]
    fn names_stay_text() {
        assert_eq!(
            escaped("<a href=\"&\">"),
            "&lt;a href=&quot;&amp;&quot;&gt;"
        );
    }
}
