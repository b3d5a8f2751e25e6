// SPDX-License-Identifier: Apache-2.0

// Command dashboard-picture draws the panels of config/grafana/jira-tokens.json, with what a Prometheus answered to their
// queries, as Grafana would lay them out. internal/test/monitoring writes that data. It is a module of its own: nobody else
// needs what it draws with.
//
//	dashboard-picture data.json dashboard.png
package main

import (
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// The sizes are in points: one pixel each.
const (
	dpi   = 72
	unit  = 58 // a column of Grafana's 24
	line  = 33 // one of its lines
	space = 6
)

// entry is a panel with its data: for each of its queries, series of [seconds, "value"] pairs.
type entry struct {
	Panel struct {
		Type        string         `json:"type"`
		Title       string         `json:"title"`
		GridPos     map[string]int `json:"gridPos"`
		FieldConfig struct {
			Defaults struct {
				Unit   string `json:"unit"`
				Custom struct {
					Stacking struct {
						Mode string `json:"mode"`
					} `json:"stacking"`
				} `json:"custom"`
			} `json:"defaults"`
		} `json:"fieldConfig"`
		Targets []struct {
			Expr   string `json:"expr"`
			Legend string `json:"legendFormat"`
		} `json:"targets"`
	} `json:"panel"`
	Series [][]series `json:"series"`
}

type series struct {
	Metric map[string]string    `json:"metric"`
	Values [][2]json.RawMessage `json:"values"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("a file with data and one for the picture are needed")
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var entries []entry
	if err := json.Unmarshal(text, &entries); err != nil {
		return err
	}
	lines := 0
	for _, e := range entries {
		lines = max(lines, e.Panel.GridPos["y"]+e.Panel.GridPos["h"])
	}
	width, height := vg.Length(24*unit), vg.Length(lines*line)
	image := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(page))
	canvas := draw.New(image)
	for i := range entries {
		if err := entries[i].draw(place(canvas, entries[i].Panel.GridPos, height)); err != nil {
			return fmt.Errorf("%s: %w", entries[i].Panel.Title, err)
		}
	}
	file, err := os.Create(args[1])
	if err != nil {
		return err
	}
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(file, quantised(image.Image())); err != nil {
		return err
	}
	return file.Close()
}

// place is the part of the canvas, whose origin is below, that a panel has.
func place(c draw.Canvas, grid map[string]int, height vg.Length) draw.Canvas {
	left, top := vg.Length(grid["x"]*unit), height-vg.Length(grid["y"]*line)
	return draw.Crop(c, left+space/2, left+vg.Length(grid["w"]*unit)-space/2-c.Max.X,
		top-vg.Length(grid["h"]*line)+space/2, top-space/2-c.Max.Y)
}

func (e *entry) draw(c draw.Canvas) error {
	if e.Panel.Type == "row" {
		fill(c, c.Rectangle, page)
		write(c, vg.Point{X: c.Min.X + 4, Y: c.Center().Y}, 15, ink, left, e.Panel.Title)
		return nil
	}
	fill(c, c.Rectangle, paper)
	write(c, vg.Point{X: c.Min.X + 8, Y: c.Max.Y - 14}, 12, ink, left, e.Panel.Title)
	inner := draw.Crop(c, 8, -8, 4, -26)
	switch e.Panel.Type {
	case "stat":
		return e.stat(inner)
	case "table":
		return e.table(inner)
	default:
		return e.curves(inner)
	}
}

// legend fills in a query's legendFormat.
func legend(format string, metric map[string]string) string {
	for name, value := range metric {
		format = strings.ReplaceAll(format, "{{"+name+"}}", value)
	}
	return strings.TrimSpace(format)
}
