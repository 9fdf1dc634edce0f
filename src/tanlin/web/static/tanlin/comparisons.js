// Bars of parts, tornado, steps between two years and lines over years; (spec, theme, words, narrow) → {option, height}.
import { SPACE, format, hatch, percent, plain, short, tip } from "./drawings.js";

// Less than a thousandth is no change.
const signed = (value) => (Math.abs(value) < 0.0005 ? "0" : `${value > 0 ? "+" : ""}${format(value)}`);
const amount = (value, unit) => `${format(value)}${SPACE}${unit}`;
const range = (low, high, unit) => `${format(low)} – ${format(high)}${SPACE}${unit}`;

// Names stand to the left of their row, on a phone above it.
function rowsOf(spec, theme, narrow, widest = 240) {
  const band = narrow ? 56 : 40;
  const left = narrow ? 8 : 8 + Math.min(widest, Math.max(...spec.rows.map((row) => width(row.name))) * theme.size);
  return {
    band,
    left,
    height: 40 + spec.rows.length * band,
    y: {
      type: "category", inverse: true, data: spec.rows.map((row) => row.name), axisTick: { show: false }, axisLine: { show: false },
      axisLabel: narrow
        ? { color: theme.token("soft"), fontSize: theme.size, inside: true, align: "left", verticalAlign: "bottom", margin: 0, padding: [0, 0, 12, 0] }
        : { color: theme.token("ink"), fontSize: theme.size, width: left - 16, overflow: "truncate" },
      z: 10,
    },
  };
}
// Width of a text in its own font size: a Chinese character is one, a letter about half.
const width = (text) => [...text].reduce((sum, c) => sum + (/[\u3400-\u9fff（），、]/.test(c) ? 1 : 0.56), 0) + 1;

function valueAxis(theme, more) {
  return {
    type: "value", splitNumber: 4, splitLine: { lineStyle: { color: theme.token("hairline") } },
    axisLabel: { color: theme.token("muted"), fontSize: theme.size, formatter: short, hideOverlap: true }, ...more,
  };
}

// A line with two ends over [low, high], along x or y.
function whiskers(theme, items, along) {
  const point = (pixel, across) => (along === "x" ? [pixel, across] : [across, pixel]);
  return {
    type: "custom", silent: true, z: 6, data: items, encode: along === "x" ? { x: [0, 1], y: 2 } : { x: 2, y: [0, 1] },
    renderItem: (params, api) => {
      const at = (i) => api.coord(along === "x" ? [api.value(i), api.value(2)] : [api.value(2), api.value(i)]);
      const axis = along === "x" ? 0 : 1;
      const [low, high, across] = [at(0)[axis], at(1)[axis], at(0)[1 - axis] + (api.value(3) || 0)];
      const stroke = { stroke: theme.token("soft"), lineWidth: 1.5, fill: null };
      const line = (a, b) => ({ type: "line", shape: { x1: a[0], y1: a[1], x2: b[0], y2: b[1] }, style: stroke });
      const cap = (pixel) => line(point(pixel, across - 4), point(pixel, across + 4));
      return { type: "group", children: [line(point(low, across), point(high, across)), cap(low), cap(high)] };
    },
  };
}

// One bar a part of a whole; the estimated share is hatched, the interval a whisker, an unknown part says so.
export function bars(spec, theme, words, narrow) {
  const { band, left, height, y } = rowsOf(spec, theme, narrow);
  const look = { type: "bar", stack: "parts", barWidth: 16, barGap: "-100%" };
  const style = (row, decal) => ({ color: theme.token(`${row.thing}-edge`), decal });
  const at = (row, share, decal) => (row.value === null ? null : { value: row.value * share, itemStyle: style(row, decal) });
  const said = (row) => (row.value === null ? row.word ?? words.unknown : amount(row.value, spec.unit));
  const least = Math.min(0, ...spec.rows.flatMap((row) => (row.value === null ? [] : [row.low ?? row.value, row.value])));
  const ends = spec.rows.map((row) => (row.value === null ? 0 : Math.max(row.high ?? row.value, row.value, 0)));
  return {
    height,
    option: {
      grid: { left, right: narrow ? 88 : 112, top: narrow ? 20 : 8, bottom: 32 },
      xAxis: valueAxis(theme, { min: least * 1.1, axisLabel: { color: theme.token("muted"), fontSize: theme.size, formatter: short, hideOverlap: true, showMinLabel: least === 0 }, name: narrow ? "" : spec.unit, nameLocation: "end", nameTextStyle: { color: theme.token("muted"), fontSize: theme.size, align: "left", verticalAlign: "top", padding: [8, 0, 0, 8] }, splitNumber: narrow ? 3 : 4 }),
      yAxis: y,
      tooltip: {
        trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { color: theme.token("sunk"), opacity: 0.6 } },
        formatter: (points) => {
          const row = spec.rows[points[0].dataIndex];
          const lines = [[words.value, said(row)]];
          if (row.low !== null && row.low !== undefined) lines.push(["95 %", range(row.low, row.high, spec.unit)]);
          if (row.share !== null && row.share !== undefined) lines.push(["%", percent(row.share)]);
          if (row.estimated) lines.push([words.estimated, percent(row.estimated)]);
          if (row.note) lines.push(["", row.note]);
          return tip(row.name, lines);
        },
      },
      series: [
        { ...look, data: spec.rows.map((row) => at(row, 1 - (row.estimated ?? 0), plain)) },
        { ...look, data: spec.rows.map((row) => (row.estimated ? at(row, row.estimated, hatch(theme)) : null)) },
        whiskers(theme, spec.rows.flatMap((row, i) => (row.low === null || row.low === undefined ? [] : [[row.low, row.high, i, narrow ? band / 4 - 14 : 0]])), "x"),
        {
          type: "scatter", symbolSize: 0, silent: true, data: ends.map((end, i) => [end, i]),
          label: {
            show: true, position: "right", distance: 8, color: theme.token("ink"), fontSize: theme.size,
            formatter: ({ dataIndex }) => said(spec.rows[dataIndex]),
          },
        },
      ],
    },
  };
}

// How far each cause moves the total to either side, the largest first.
export function tornado(spec, theme, words, narrow) {
  const { left, height, y } = rowsOf(spec, theme, narrow, 336);
  const most = Math.max(...spec.rows.map((row) => row.half));
  const bar = (sign) => ({
    type: "bar", stack: "half", barWidth: 14,
    data: spec.rows.map((row) => ({ value: sign * row.half, itemStyle: { color: theme.token(`${row.thing}-edge`), opacity: sign < 0 ? 0.62 : 1, decal: plain } })),
    ...(sign > 0 && { label: { show: true, position: "right", color: theme.token("ink"), fontSize: theme.size, formatter: ({ dataIndex }) => `±${SPACE}${format(spec.rows[dataIndex].half)}` } }),
  });
  return {
    height,
    option: {
      grid: { left, right: narrow ? 64 : 80, top: narrow ? 20 : 8, bottom: 32 },
      xAxis: valueAxis(theme, { min: -most, max: most, interval: most, axisLabel: { color: theme.token("muted"), fontSize: theme.size, formatter: (value) => (value === 0 ? "0" : amount(Math.abs(value), spec.unit)).replace(/^/, value < 0 ? "−" : value > 0 ? "+" : "") } }),
      yAxis: y,
      tooltip: {
        trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { color: theme.token("sunk"), opacity: 0.6 } },
        formatter: (points) => {
          const row = spec.rows[points[0].dataIndex];
          return tip(row.name, [["95 %", `±${SPACE}${amount(row.half, spec.unit)}`], ...(row.share === null ? [] : [[spec.share, percent(row.share)]]), ...(row.note ? [["", row.note]] : [])]);
        },
      },
      series: [bar(-1), bar(1)],
    },
  };
}

// Levels as lines, the steps between them as floating bars: nothing stands on a cut axis.
export function steps(spec, theme, words, narrow) {
  let level = 0;
  const bodies = spec.steps.map((step) => {
    const from = step.level ? step.value : level;
    level = step.level ? step.value : level + step.value;
    return { ...step, from, to: level };
  });
  const all = bodies.flatMap((body) => [body.from, body.to]);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const room = (most - least || Math.abs(most) || 1) * 0.25;
  const render = (params, api) => {
    const body = bodies[params.dataIndex];
    const [x, top] = api.coord([params.dataIndex, Math.max(body.from, body.to)]);
    const [, bottom] = api.coord([params.dataIndex, Math.min(body.from, body.to)]);
    const wide = Math.min(64, api.size([1, 0])[0] * 0.62);
    const color = theme.token(`${body.thing}-edge`);
    const text = body.level ? format(body.value) : signed(body.value);
    const next = bodies[params.dataIndex + 1];
    const reach = next ? [{ type: "line", shape: { x1: x + wide / 2, x2: x + api.size([1, 0])[0] - wide / 2, y1: api.coord([0, body.to])[1], y2: api.coord([0, body.to])[1] }, style: { stroke: theme.token("edge"), lineWidth: 1, lineDash: [2, 3] } }] : [];
    return {
      type: "group",
      children: [
        body.level
          ? { type: "rect", shape: { x: x - wide / 2, y: top - 2, width: wide, height: 4 }, style: { fill: color } }
          : { type: "rect", shape: { x: x - wide / 2, y: top, width: wide, height: Math.max(2, bottom - top) }, style: { fill: color } },
        { type: "text", style: { x, y: top - 8, text, align: "center", verticalAlign: "bottom", fill: theme.token("ink"), font: `600 ${theme.size}px ${theme.font}` } },
        ...reach,
      ],
    };
  };
  return {
    height: narrow ? 300 : 340,
    option: {
      grid: { left: narrow ? 44 : 56, right: 8, top: 40, bottom: narrow ? 48 : 36 },
      xAxis: { type: "category", data: bodies.map((body) => body.name), axisTick: { show: false }, axisLine: { lineStyle: { color: theme.token("edge") } }, axisLabel: { color: theme.token("ink"), fontSize: theme.size, interval: 0, overflow: "break", width: narrow ? 60 : 140 } },
      yAxis: valueAxis(theme, { name: spec.unit, nameLocation: "end", nameTextStyle: { color: theme.token("muted"), fontSize: theme.size, align: "left", padding: [0, 0, 4, narrow ? -36 : -48] }, min: least - room < 0 && least >= 0 ? 0 : least - room, max: most + room, axisLabel: { color: theme.token("muted"), fontSize: theme.size, formatter: short, showMinLabel: false, showMaxLabel: false } }),
      tooltip: { formatter: ({ dataIndex }) => tip(bodies[dataIndex].name, [[words.value, `${bodies[dataIndex].level ? format(bodies[dataIndex].value) : signed(bodies[dataIndex].value)}${SPACE}${spec.unit}`], ...(bodies[dataIndex].note ? [["", bodies[dataIndex].note]] : [])]) },
      series: [{ type: "custom", renderItem: render, data: bodies.map((body, i) => [i, body.to]), encode: { x: 0, y: 1 } }],
    },
  };
}

// Values by year: the first line with whiskers, other views and targets dashed; a year without a value is a gap.
export function years(spec, theme, words, narrow) {
  const text = { color: theme.token("muted"), fontSize: theme.size };
  const [first] = spec.series;
  const look = (s) => {
    const color = theme.token(`${s.thing}-edge`);
    return {
      type: "line", name: s.name, data: s.values, connectNulls: Boolean(s.path), symbol: s.path ? "none" : "circle", symbolSize: 8, z: 5,
      lineStyle: { color, width: 2, type: s.dashed ? "dashed" : "solid" }, itemStyle: { color, decal: plain },
    };
  };
  const legend = spec.series.map((s) => ({ name: s.name, ...(s.dashed && { icon: "path://M0 5h6v2h-6zM10 5h6v2h-6z" }), itemStyle: { color: theme.token(`${s.thing}-edge`), decal: plain } }));
  return {
    height: narrow ? 280 : 320,
    option: {
      grid: { left: narrow ? 44 : 56, right: narrow ? 16 : 24, top: narrow && legend.length > 2 ? 96 : 64, bottom: 32 },
      legend: { data: legend, top: 0, left: 0, itemWidth: 14, itemHeight: 10, itemGap: narrow ? 10 : 16, textStyle: { color: theme.token("soft"), fontSize: theme.size } },
      xAxis: { type: "category", data: spec.years.map(String), boundaryGap: true, axisTick: { show: false }, axisLine: { lineStyle: { color: theme.token("edge") } }, axisLabel: { ...text, hideOverlap: true, formatter: (label, i) => `${label}${spec.provisional?.[i] ? "†" : ""}` } },
      yAxis: valueAxis(theme, { name: spec.unit, nameLocation: "end", nameTextStyle: { ...text, align: "left", padding: [0, 0, 4, narrow ? -36 : -48] }, scale: Boolean(spec.scale), min: spec.scale ? undefined : 0 }),
      tooltip: {
        trigger: "axis",
        formatter: (points) => {
          const i = points[0].dataIndex;
          const rows = spec.series.flatMap((s) => {
            if (s.values[i] === null) return s.path ? [] : [[s.name, words.unknown]];
            const band = s.low?.[i] === null || s.low?.[i] === undefined ? [] : [["95 %", range(s.low[i], s.high[i], spec.unit)]];
            return [[s.name, amount(s.values[i], spec.unit)], ...band];
          });
          return tip(String(spec.years[i]), rows);
        },
      },
      series: [
        ...spec.series.map(look),
        ...(first.low ? [whiskers(theme, first.values.flatMap((v, i) => (v === null || first.low[i] === null ? [] : [[first.low[i], first.high[i], i]])), "y")] : []),
      ],
    },
  };
}
