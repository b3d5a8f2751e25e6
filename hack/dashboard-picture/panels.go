// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	stddraw "image/draw"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const left, centre = text.XLeft, text.XCenter

var (
	page  = color.RGBA{0x11, 0x12, 0x17, 0xff}
	paper = color.RGBA{0x18, 0x1b, 0x1f, 0xff}
	ink   = color.RGBA{0xd8, 0xd9, 0xda, 0xff}
	pale  = color.RGBA{0x8e, 0x92, 0x9a, 0xff}
	rule  = color.RGBA{0x2c, 0x30, 0x36, 0xff}
	green = color.RGBA{0x73, 0xbf, 0x69, 0xff}

	// palette is what Grafana calls classic.
	palette = []color.RGBA{
		green,
		{0xf2, 0xcc, 0x0c, 0xff},
		{0x57, 0x94, 0xf2, 0xff},
		{0xff, 0x98, 0x30, 0xff},
		{0xf2, 0x49, 0x5c, 0xff},
		{0xb8, 0x77, 0xd9, 0xff},
		{0x8a, 0xb8, 0xff, 0xff},
		{0xff, 0xa6, 0xb0, 0xff},
		{0x96, 0xd9, 0x8d, 0xff},
		{0xff, 0xee, 0x52, 0xff},
	}
)

func fill(c draw.Canvas, r vg.Rectangle, with color.Color) {
	c.SetColor(with)
	c.Fill(r.Path())
}

func write(c draw.Canvas, at vg.Point, size vg.Length, with color.Color, align text.XAlignment, what string) {
	style := draw.TextStyle{
		Color: with, Font: font.From(plot.DefaultFont, font.Length(size)), XAlign: align, YAlign: text.YCenter, Handler: plot.DefaultTextHandler,
	}
	style.Font.Variant = "Sans"
	c.FillText(style, at, what)
}

// points are a series' values that are numbers.
func (s *series) points() (out plotter.XYs) {
	for _, pair := range s.Values {
		var seconds float64
		var value string
		if json.Unmarshal(pair[0], &seconds) != nil || json.Unmarshal(pair[1], &value) != nil {
			continue
		}
		if y, err := strconv.ParseFloat(value, 64); err == nil && !math.IsNaN(y) && !math.IsInf(y, 0) {
			out = append(out, plotter.XY{X: seconds, Y: y})
		}
	}
	return out
}

func (e *entry) stat(c draw.Canvas) error {
	what := "no data"
	for _, s := range slices.Concat(e.Series...) {
		if points := s.points(); len(points) > 0 {
			what = format(points[len(points)-1].Y, e.Panel.FieldConfig.Defaults.Unit)
		}
	}
	write(c, c.Center(), 30, green, centre, what)
	return nil
}

func (e *entry) table(c draw.Canvas) error {
	var lines []string
	for _, s := range slices.Concat(e.Series...) {
		var parts []string
		for _, label := range []string{"namespace", "policy", "type", "status", "reason", "version"} {
			if value := s.Metric[label]; value != "" {
				parts = append(parts, value[:min(len(value), 26)])
			}
		}
		lines = append(lines, strings.Join(parts, "   "))
	}
	slices.Sort(lines)
	for i, l := range slices.Compact(lines) {
		if y := c.Max.Y - vg.Length(i)*19 - 10; y > c.Min.Y {
			write(c, vg.Point{X: c.Min.X, Y: y}, 12, pale, left, l)
		}
	}
	return nil
}

// curve is one that is drawn.
type curve struct {
	name   string
	points plotter.XYs
}

func (e *entry) curves(c draw.Canvas) error {
	var all []curve
	for i, target := range e.Series {
		for _, s := range target {
			if points := s.points(); len(points) > 0 {
				all = append(all, curve{legend(e.Panel.Targets[i].Legend, s.Metric), points})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b curve) int { return cmp.Compare(a.name, b.name) })
	if len(all) == 0 {
		write(c, c.Center(), 13, pale, centre, "no data")
		return nil
	}
	p := e.axes()
	stacked := e.Panel.FieldConfig.Defaults.Custom.Stacking.Mode == "normal"
	below := map[float64]float64{}
	for i, one := range all {
		points := one.points
		if stacked {
			points = slices.Clone(points)
			for j := range points {
				below[points[j].X] += points[j].Y
				points[j].Y = below[points[j].X]
			}
		}
		l, err := plotter.NewLine(points)
		if err != nil {
			return err
		}
		l.Color, l.Width = palette[i%len(palette)], 1.3
		p.Add(l)
		for _, xy := range points {
			p.Y.Max = max(p.Y.Max, xy.Y*1.1)
		}
	}
	if p.Y.Max == 0 {
		p.Y.Max = 1
	}
	p.Draw(draw.Crop(c, 0, 0, 18, 0))
	names(c, all)
	return nil
}

func (e *entry) axes() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = paper
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = rule, rule
	p.Add(grid)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.LineStyle.Width, axis.Tick.LineStyle.Width = 0, 0
		axis.Tick.Label.Color = pale
		axis.Tick.Label.Font.Variant, axis.Tick.Label.Font.Size = "Sans", 10
	}
	p.Y.Min = 0
	unit := e.Panel.FieldConfig.Defaults.Unit
	p.Y.Tick.Marker = ticks(5, func(v float64) string { return format(v, unit) })
	p.X.Tick.Marker = ticks(6, func(v float64) string { return time.Unix(int64(v), 0).UTC().Format("15:04:05") })
	return p
}

func ticks(n int, label func(float64) string) plot.Ticker {
	return plot.TickerFunc(func(low, high float64) (out []plot.Tick) {
		for i := range n {
			v := low + (high-low)*float64(i)/float64(n)
			out = append(out, plot.Tick{Value: v, Label: label(v)})
		}
		return out
	})
}

// names is the legend, as far as there is room.
func names(c draw.Canvas, all []curve) {
	x := c.Min.X + 4
	for i, one := range all {
		length := vg.Length(len(one.name))*5.6 + 24
		if x+length > c.Max.X {
			write(c, vg.Point{X: x, Y: c.Min.Y + 8}, 10, pale, left, "…")
			return
		}
		fill(c, vg.Rectangle{Min: vg.Point{X: x, Y: c.Min.Y + 7}, Max: vg.Point{X: x + 10, Y: c.Min.Y + 9}}, palette[i%len(palette)])
		write(c, vg.Point{X: x + 13, Y: c.Min.Y + 8}, 10, pale, left, one.name)
		x += length
	}
}

// format says a value as Grafana would with the unit.
func format(v float64, unit string) string {
	short := func(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
	switch unit {
	case "percentunit":
		return short(v*100) + " %"
	case "reqps":
		return short(v) + " req/s"
	case "ops":
		return short(v) + " ops/s"
	case "bytes", "Bps":
		suffix := map[bool]string{true: "/s"}[unit == "Bps"]
		for _, name := range []string{"B", "KiB", "MiB"} {
			if math.Abs(v) < 1024 || name == "MiB" {
				return fmt.Sprintf("%.0f %s%s", v, name, suffix)
			}
			v /= 1024
		}
	case "s":
		switch {
		case v >= 2*86400:
			return short(v/86400) + " d"
		case v >= 2*3600:
			return short(v/3600) + " h"
		case v >= 1 || v == 0:
			return short(v) + " s"
		}
		return short(v*1000) + " ms"
	}
	return short(v)
}

// quantised has 256 colours at most, which keeps the file small: there are a dozen, and their shades at edges.
func quantised(in image.Image) image.Image {
	counts := map[color.RGBA]int{}
	bounds := in.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			r, g, b, _ := in.At(x, y).RGBA()
			counts[color.RGBA{uint8(r>>8) &^ 7, uint8(g>>8) &^ 7, uint8(b>>8) &^ 7, 0xff}]++
		}
	}
	colours := make([]color.RGBA, 0, len(counts))
	for c := range counts {
		colours = append(colours, c)
	}
	slices.SortFunc(colours, func(a, b color.RGBA) int { return counts[b] - counts[a] })
	var used color.Palette
	for _, c := range []color.RGBA{page, paper, ink, pale, rule} {
		used = append(used, c)
	}
	for _, c := range palette {
		used = append(used, c)
	}
	for _, c := range colours[:min(len(colours), 256-len(used))] {
		used = append(used, c)
	}
	out := image.NewPaletted(bounds, used)
	stddraw.Draw(out, bounds, in, bounds.Min, stddraw.Src)
	return out
}
