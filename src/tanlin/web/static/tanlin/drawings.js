// ECharts options of each kind of picture; pure functions (spec, theme, words, narrow) → {option, height}.

export const SPACE = "\u00a0"; // between a number and its unit, where no line may break

export function format(value) {
  if (value === null || value === undefined) return null;
  const size = Math.abs(value);
  const places = size === 0 || size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.995 ? 2 : 3;
  return value.toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places }).replace("-", "−");
}
export const percent = (share) => `${(Math.floor(share * 1000) / 10).toFixed(share >= 0.9995 ? 0 : 1)}${SPACE}%`;
export const short = (value) => value.toLocaleString("en", { maximumFractionDigits: 2 }).replace("-", "−");

// A tooltip is built of elements with classes: the page allows no inline style.
export function tip(head, rows) {
  const box = document.createElement("div");
  box.className = "tip";
  const title = document.createElement("b");
  title.textContent = head;
  box.append(title);
  for (const [name, value] of rows) {
    const row = document.createElement("div");
    row.className = "tip-row";
    for (const text of [name, value]) row.append(Object.assign(document.createElement("span"), { textContent: text }));
    box.append(row);
  }
  return box;
}

export const hatch = (theme) => ({ symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 3], rotation: -Math.PI / 4, color: theme.token("surface") });
export const plain = { symbol: "none" };

function axes(theme, categories, narrow, title, flags) {
  const text = { color: theme.token("muted"), fontSize: theme.size };
  return {
    x: {
      type: "category",
      data: categories,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: theme.token("edge") } },
      axisLabel: { ...text, interval: narrow ? "auto" : 0, hideOverlap: true, formatter: (label, i) => monthLabel(label, categories, narrow, flags?.[i]) },
    },
    y: {
      type: "value",
      name: title,
      nameLocation: "end",
      nameTextStyle: { ...text, align: "left", padding: [0, 0, 4, narrow ? -32 : -40] },
      axisLabel: { ...text, formatter: short },
      splitNumber: 4,
      splitLine: { lineStyle: { color: theme.token("hairline") } },
    },
  };
}

// "2025-03" → 3, and the year under each January.
function monthLabel(label, categories, narrow, provisional) {
  const [year, month] = label.split("-");
  const first = label === categories[0] || month === "01";
  return `${Number(month)}${provisional ? "†" : ""}${first && !narrow ? `\n${year}` : ""}`;
}

function months(spec, theme, words, narrow) {
  const { x, y } = axes(theme, spec.months, narrow, spec.axis, spec.provisional);
  const series = spec.series.flatMap((s) => {
    const part = (i, share) => (s.values[i] === null ? null : s.values[i] * share);
    const look = { type: "bar", stack: "use", name: s.name, barMaxWidth: 36, barCategoryGap: "32%" };
    const style = { color: theme.token(s.thing), borderColor: theme.token("surface"), borderWidth: 0.5 };
    return [
      { ...look, data: s.values.map((_, i) => part(i, 1 - (s.estimated?.[i] ?? 0))), itemStyle: { ...style, decal: plain } },
      { ...look, data: s.values.map((_, i) => part(i, s.estimated?.[i] ?? 0) || null), itemStyle: { ...style, decal: hatch(theme) } },
    ];
  });
  if (series.length) series[0].markArea = dotted(spec.gaps ?? [], theme, words, narrow);
  const legend = spec.series.map((s) => ({ name: s.name, itemStyle: { color: theme.token(s.thing), decal: plain } }));
  if (spec.last) {
    const color = theme.token("baseline-edge");
    series.push({
      type: "line", name: spec.last.name, data: spec.last.values, connectNulls: false, symbol: "circle", symbolSize: 5,
      lineStyle: { color, type: "dashed", width: 2 }, itemStyle: { color, decal: plain }, z: 5,
    });
    legend.push({ name: spec.last.name, icon: "path://M0 5h6v2h-6zM10 5h6v2h-6z", itemStyle: { color, decal: plain } });
  }
  const say = (i) => {
    const rows = spec.series.map((s) => [s.name, s.values[i] === null ? words.unknown : `${format(s.values[i])}${SPACE}${spec.unit}`]);
    const known = spec.series.filter((s) => s.values[i] !== null);
    if (known.length > 1) rows.push([words.total, `${format(known.reduce((sum, s) => sum + s.values[i], 0))}${SPACE}${spec.unit}`]);
    const all = (name) => known.map((s) => s[name]?.[i]).filter((v) => v !== null && v !== undefined);
    if (all("coverage").length) rows.push([words.coverage, percent(Math.min(...all("coverage")))]);
    const estimated = known.reduce((sum, s) => sum + s.values[i] * (s.estimated?.[i] ?? 0), 0);
    if (estimated > 0) rows.push([words.estimated, `${format(estimated)}${SPACE}${spec.unit}`]);
    if (spec.last?.values[i] != null) rows.push([spec.last.name, `${format(spec.last.values[i])}${SPACE}${spec.unit}`]);
    for (const factor of new Set(all("factor"))) rows.push([words.factor, factor]);
    return tip(spec.months[i], rows);
  };
  return {
    height: narrow ? 280 : 340,
    option: {
      grid: { left: narrow ? 40 : 48, right: 8, top: narrow && legend.length > 4 ? 80 : 56, bottom: narrow ? 24 : 40 },
      legend: { data: legend, top: 0, left: 0, itemWidth: 14, itemHeight: 10, itemGap: narrow ? 10 : 16, textStyle: { color: theme.token("soft"), fontSize: theme.size } },
      tooltip: { trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { color: theme.token("sunk"), opacity: 0.6 } }, formatter: (points) => say(points[0].dataIndex) },
      xAxis: x,
      yAxis: y,
      series,
    },
  };
}

// Months without any value: a dotted outline with the word, so that a gap is not read as zero.
function dotted(missing, theme, words, narrow) {
  return {
    silent: true,
    itemStyle: { color: "transparent", borderColor: theme.token("unknown-edge"), borderType: "dotted", borderWidth: 1, decal: plain },
    label: { show: !narrow || missing.length < 3, color: theme.token("unknown-text"), fontSize: theme.size, position: "inside", formatter: [...words.unknown].length <= 4 ? [...words.unknown].join("\n") : words.unknown, rotate: [...words.unknown].length <= 4 ? 0 : 90 },
    data: missing.map((month) => [{ xAxis: month }, { xAxis: month }]),
  };
}

function sankey(spec, theme, words, narrow) {
  const names = new Map(spec.nodes.map((node) => [node.id, node]));
  const size = narrow ? 11 : theme.size;
  const last = Math.max(...spec.nodes.map((node) => node.depth));
  // On a phone a place has room for five characters, or nine letters: its beginning and its end tell it from others.
  const wide = (name) => (/[\u3400-\u9fff]/.test(name) ? 2 : 4);
  const brief = (name) => `${name.slice(0, wide(name))}…${name.slice(-wide(name))}`;
  const named = ({ name, depth }) => (narrow && depth > 0 && depth < last && name.length > 2 * wide(name) + 1 ? brief(name) : name);
  const amount = ({ value, depth }) => (narrow && depth > 0 && depth < last ? format(value) : `${format(value)}${SPACE}${spec.unit}`);
  const label = (node) => `{n|${named(node)}}\n{v|${amount(node)}}${node.note && !narrow ? `\n{v|${node.note}}` : ""}`;
  const rows = Math.max(...[...Array(last + 1).keys()].map((depth) => spec.nodes.filter((n) => n.depth === depth).length));
  return {
    height: Math.max(320, rows * 72),
    option: {
      tooltip: {
        formatter: ({ dataType, data }) =>
          dataType === "edge"
            ? tip(`${names.get(data.source).name} → ${names.get(data.target).name}`, [[words.value, `${format(data.value)}${SPACE}${spec.unit}`], ["%", percent(data.value / spec.total)]])
            : tip(names.get(data.name).name, [[words.value, `${format(names.get(data.name).value)}${SPACE}${spec.unit}`], ["%", percent(names.get(data.name).value / spec.total)], ...(names.get(data.name).note ? [["", names.get(data.name).note]] : [])]),
      },
      series: [{
        type: "sankey", left: narrow ? 76 : 128, right: narrow ? 84 : 120, top: 16, bottom: 24, nodeWidth: 12, nodeGap: 36, draggable: false, layoutIterations: 32,
        emphasis: { focus: "adjacency" },
        lineStyle: { color: "source", opacity: 0.28, curveness: 0.5 },
        label: { distance: 8, formatter: ({ name }) => label(names.get(name)), rich: { n: { color: theme.token("ink"), fontSize: size, fontWeight: 600, lineHeight: 18 }, v: { color: theme.token("soft"), fontSize: size, lineHeight: 16 } } },
        data: spec.nodes.map((node) => ({ name: node.id, label: { position: node.depth === 0 ? "left" : "right", align: node.depth === 0 ? "right" : "left" }, depth: node.depth, itemStyle: { color: theme.token(`${node.thing}-edge`), borderWidth: 0, decal: plain } })),
        links: spec.links,
      }],
    },
  };
}

// Stretches of 12 or 6 whole months that hold the days: calendar years, newest first; days that reach over a new year
// but no longer than twelve months stand in one.
function stretches(days, length) {
  const month = (day) => 12 * Number(day.slice(0, 4)) + Number(day.slice(5, 7)) - 1;
  const first = days.reduce((a, b) => (a < b ? a : b));
  const last = days.reduce((a, b) => (a > b ? a : b));
  const rolling = first.slice(0, 4) !== last.slice(0, 4) && month(last) - month(first) < 12;
  const begins = [];
  if (rolling) begins.push(month(last) - 11);
  else for (let year = Number(last.slice(0, 4)); year >= Number(first.slice(0, 4)); year -= 1) begins.push(12 * year);
  const iso = (months, day) => new Date(Date.UTC(2000, months - 24000, day)).toISOString().slice(0, 10);
  return begins.flatMap((begin) => (length === 12 ? [begin] : [begin, begin + 6]).map((at) => [iso(at, 1), iso(at + length, 0)]));
}

// One band a year; on a phone one band a half-year, so that a day stays large enough to see.
function calendar(spec, theme, words, narrow) {
  const ranges = stretches(spec.days.map(([day]) => day), narrow ? 6 : 12);
  const used = ranges.filter(([from, to]) => spec.days.some(([day]) => day >= from && day <= to));
  const known = spec.days.filter(([, value]) => value !== null);
  const unknown = spec.days.filter(([, value]) => value === null).map(([day]) => [day, 0]);
  const values = known.map(([, value]) => value).sort((a, b) => a - b);
  const low = values[Math.floor(values.length * 0.01)] ?? 0;
  const high = values[Math.floor(values.length * 0.99)] ?? 1;
  const band = narrow ? 144 : 152;
  const english = words.unknown !== "暂无数据";
  const text = { color: theme.token("muted"), fontSize: narrow ? 11 : theme.size };
  return {
    height: 48 + used.length * band,
    option: {
      visualMap: {
        type: "continuous", seriesIndex: used.map((_, i) => 2 * i), min: low, max: high, calculable: false, orient: "horizontal", right: 0, top: 0, itemWidth: 10, itemHeight: 96,
        inRange: { color: [theme.token("scale-low"), theme.token("scale-high")] }, textStyle: text,
        text: [`${format(high)}${SPACE}${spec.unit}`, format(low)],
      },
      tooltip: {
        formatter: ({ data: [day, value], seriesType }) => tip(day, [
          [words.value, seriesType === "custom" ? words.unknown : `${format(value)}${SPACE}${spec.unit}`],
          ...(spec.coverage?.[day] === undefined ? [] : [[words.coverage, percent(spec.coverage[day])]]),
        ]),
      },
      title: narrow ? used.map(([from], i) => ({ text: from.slice(0, 4), left: 0, top: 40 + i * band, textStyle: { color: theme.token("ink"), fontSize: 11, fontWeight: 600 }, show: i === 0 || from.slice(0, 4) !== used[i - 1][0].slice(0, 4) })) : undefined,
      calendar: used.map((range, i) => ({
        range, top: 64 + i * band, left: narrow ? 24 : 56, right: 8, cellSize: ["auto", narrow ? 13 : 15], firstDay: 1,
        splitLine: { lineStyle: { color: theme.token("edge"), width: 1 } },
        itemStyle: { color: "transparent", borderColor: theme.token("sunk"), borderWidth: 1 },
        yearLabel: { show: !narrow, margin: 32, color: theme.token("soft"), fontSize: theme.size, formatter: ({ start, end }) => (start === end ? start : `${start}–${end}`) },
        monthLabel: { ...text, nameMap: [...Array(12).keys()].map((m) => (english ? new Date(2000, m, 1).toLocaleString("en", { month: "short" }) : `${m + 1}${SPACE}月`)) },
        dayLabel: { ...text, firstDay: 1, margin: 6, nameMap: english ? ["S", "M", "T", "W", "T", "F", "S"] : ["日", "一", "二", "三", "四", "五", "六"], fontSize: 10 },
      })),
      series: used.flatMap(([from, to], i) => [{
        type: "heatmap", coordinateSystem: "calendar", calendarIndex: i, itemStyle: { borderColor: theme.token("surface"), borderWidth: 1, decal: plain },
        data: known.filter(([day]) => day >= from && day <= to),
      }, {
        type: "custom", coordinateSystem: "calendar", calendarIndex: i, data: unknown.filter(([day]) => day >= from && day <= to),
        renderItem: (params, api) => {
          const [x, y] = api.coord(api.value(0));
          const { cellWidth: w, cellHeight: h } = params.coordSys;
          return { type: "rect", shape: { x: x - w / 2 + 2, y: y - h / 2 + 2, width: w - 4, height: h - 4 }, style: { fill: "transparent", stroke: theme.token("unknown-edge"), lineWidth: 1, lineDash: [1.5, 2] } };
        },
      }]),
    },
  };
}

function quality(spec, theme, words, narrow) {
  const row = 44;
  const top = 32;
  const left = narrow ? 64 : 96;
  const grids = spec.rows.map((_, i) => ({ left, right: 8, top: top + i * row, height: row - 12 }));
  const look = (i, name) => ({ type: "bar", name, stack: `q${i}`, xAxisIndex: i, yAxisIndex: i, barCategoryGap: "18%", cursor: "default" });
  const at = (list, i) => list?.[i] ?? null;
  return {
    height: top + spec.rows.length * row + 28,
    option: {
      legend: {
        top: 0, left: 0, itemWidth: 14, itemHeight: 10, selectedMode: false, textStyle: { color: theme.token("soft"), fontSize: theme.size },
        data: [
          { name: words.measured, itemStyle: { color: theme.token("soft"), decal: plain } },
          { name: words.estimated, itemStyle: { color: theme.token("soft"), decal: hatch(theme) } },
          { name: words.missing, itemStyle: { color: "transparent", borderColor: theme.token("unknown-edge"), borderType: "dotted", borderWidth: 1, decal: plain } },
        ],
      },
      grid: grids,
      tooltip: {
        trigger: "item",
        formatter: ({ seriesIndex, dataIndex }) => {
          const source = spec.rows[Math.floor(seriesIndex / 3)];
          const covered = at(source.coverage, dataIndex);
          return tip(`${spec.months[dataIndex]} ${source.name}`, covered === null ? [["", words.unknown]] : [[words.coverage, percent(covered)], [words.estimated, percent(at(source.estimated, dataIndex) ?? 0)]]);
        },
      },
      xAxis: spec.rows.map((_, i) => ({
        ...axes(theme, spec.months, narrow, "").x, gridIndex: i, axisLine: { show: false },
        axisLabel: { show: i === spec.rows.length - 1, color: theme.token("muted"), fontSize: theme.size, interval: narrow ? "auto" : 0, formatter: (label) => String(Number(label.slice(5))) },
      })),
      yAxis: spec.rows.map((source, i) => ({
        type: "value", min: 0, max: 1, gridIndex: i, splitLine: { show: false }, axisLabel: { show: false },
        name: source.name, nameLocation: "middle", nameRotate: 0, nameGap: 8, nameTextStyle: { align: "right", color: theme.token("ink"), fontSize: theme.size, width: left - 12, overflow: "truncate" },
      })),
      series: spec.rows.flatMap((source, i) => {
        const covered = source.coverage.map((value) => value ?? 0);
        const color = theme.token(source.thing);
        return [
          { ...look(i, words.measured), data: covered.map((v, m) => v * (1 - (at(source.estimated, m) ?? 0))), itemStyle: { color, decal: plain } },
          { ...look(i, words.estimated), data: covered.map((v, m) => v * (at(source.estimated, m) ?? 0) || null), itemStyle: { color, decal: hatch(theme) } },
          { ...look(i, words.missing), data: covered.map((v) => (v < 0.9995 ? 1 - v : null)), itemStyle: { color: "transparent", borderColor: theme.token("unknown-edge"), borderType: "dotted", borderWidth: 1, decal: plain } },
        ];
      }),
    },
  };
}

// A bar too short for a number says nothing; a long text may be cut, the tooltip has it whole.
const fits = (label, room, theme) => room >= Math.min(64, String(label).length * theme.size * 0.62);

function timeline(spec, theme, words, narrow) {
  const spans = spec.rows.flatMap((row, i) => row.spans.map((span) => ({ ...span, row: i, thing: row.thing, name: row.name })));
  const dates = spans.flatMap((span) => [span.from, span.to ?? spec.today]);
  const earliest = dates.reduce((a, b) => (a < b ? a : b), spec.today);
  const year = Number(spec.today.slice(0, 4));
  const band = 36;
  const left = narrow ? 8 : 256;
  const end = `${year + 1}-12-31`;
  const render = (params, api) => {
    const span = spans[params.dataIndex];
    const [x0, y] = api.coord([span.from, span.row]);
    const [x1] = api.coord([span.to ?? end, span.row]);
    const area = params.coordSys;
    const from = Math.max(x0, area.x);
    const to = Math.min(x1, area.x + area.width);
    const color = theme.token(`${span.thing}-text`);
    const drop = narrow ? 6 : 0;
    return {
      type: "group",
      children: [
        { type: "rect", shape: { x: from, y: y - 10 + drop, width: Math.max(2, to - from - 2), height: 20, r: 3 }, style: span.verified ? { fill: color } : { fill: theme.token("surface"), stroke: color, lineWidth: 1.5, lineDash: span.provisional ? [4, 3] : null } },
        { type: "text", silent: true, style: { x: from + 6, y: y + drop, text: fits(span.label, to - from - 12, theme) ? `${span.label}${span.provisional ? "†" : ""}` : "", fill: span.verified ? theme.token("surface") : theme.token("ink"), font: `${theme.size}px ${theme.font}`, textVerticalAlign: "middle", width: Math.max(0, to - from - 12), overflow: "truncate" } },
        ...(narrow ? [{ type: "text", silent: true, style: { x: area.x, y: y - 22 + drop, text: span.name, fill: theme.token("soft"), font: `${theme.size}px ${theme.font}`, textVerticalAlign: "middle" } }] : []),
      ],
    };
  };
  return {
    height: 40 + spec.rows.length * (narrow ? band + 16 : band) + 16,
    option: {
      grid: { left, right: 16, top: 12, bottom: 36 },
      tooltip: {
        formatter: ({ dataIndex }) => {
          const span = spans[dataIndex];
          const rows = [[words.value, `${span.exact ?? span.label}${SPACE}${span.unit}`.trim()], [words.from, span.from], [words.to, span.to ?? words.open]];
          if (span.note) rows.push(["", span.note]);
          if (span.provisional) rows.push(["†", words.provisional]);
          if (!span.verified) rows.push(["○", words.unverified]);
          return tip(span.name, rows);
        },
      },
      xAxis: { type: "time", min: `${Math.max(Number(earliest.slice(0, 4)), year - 12)}-01-01`, max: end, axisLine: { lineStyle: { color: theme.token("edge") } }, splitLine: { show: true, lineStyle: { color: theme.token("hairline") } }, axisLabel: { color: theme.token("muted"), fontSize: theme.size, hideOverlap: true } },
      yAxis: { type: "category", inverse: true, data: spec.rows.map((row) => row.name), axisTick: { show: false }, axisLine: { show: false }, axisLabel: { show: !narrow, color: theme.token("ink"), fontSize: theme.size, width: left - 16, overflow: "truncate", align: "left", margin: left - 8 } },
      series: [{
        type: "custom", renderItem: render, encode: { x: [0, 1], y: 2 }, clip: true,
        data: spans.map((span) => [span.from, span.to ?? end, span.row]),
        markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: theme.token("ink"), type: "solid", width: 1 }, data: [{ xAxis: spec.today }] },
      }],
    },
  };
}

export const drawings = { months, sankey, calendar, quality, timeline };
