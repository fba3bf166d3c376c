import { init, use } from 'echarts/core';
import { BarChart } from 'echarts/charts';
import { GridComponent, TitleComponent } from 'echarts/components';
import { SVGRenderer } from 'echarts/renderers';
import type { Rate } from '../claim.js';
import { median } from '../statistics.js';
import { formatNumber } from './format.js';

use([BarChart, GridComponent, TitleComponent, SVGRenderer]);

const OURS = '#2563eb';
const OTHERS = '#94a3b8';
const INK = '#1e293b';

/** Requests per second, a bar for each, on a logarithmic scale: the slowest does a hundredth of the fastest. */
export function plot(rates: readonly Rate[]): string {
  const bars = rates
    .map(({ label, perSecond }) => ({ label, value: Math.round(median(perSecond)) }))
    .toSorted((a, b) => a.value - b.value);
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 860, height: 70 + 40 * bars.length });
  chart.setOption({
    animation: false,
    // For dark viewers, too.
    backgroundColor: '#ffffff',
    textStyle: { color: INK, fontFamily: 'system-ui, sans-serif' },
    title: {
      text: 'Requests per second, median (logarithmic scale)',
      left: 16,
      top: 12,
      textStyle: { fontSize: 15, color: INK },
    },
    grid: { left: 220, right: 80, top: 48, bottom: 32 },
    xAxis: { type: 'log', axisLabel: { color: INK, formatter: formatNumber }, splitLine: { lineStyle: { color: '#e2e8f0' } } },
    yAxis: { type: 'category', data: bars.map(({ label }) => label), axisTick: { show: false }, axisLabel: { color: INK } },
    series: [
      {
        type: 'bar',
        barWidth: 20,
        data: bars.map(({ label, value }) => ({
          value,
          itemStyle: { color: label.startsWith('Tokenhouse') ? OURS : OTHERS },
        })),
        label: { show: true, position: 'right', color: INK, formatter: ({ value }: { value: number }) => formatNumber(value) },
      },
    ],
  }); // prettier-ignore
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
