// SPDX-License-Identifier: Apache-2.0

package cani

import (
	"encoding/json"
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/review"
)

// The forms of output.
const (
	outputTable = "table"
	outputJSON  = "json"
	outputYAML  = "yaml"
)

func (c *command) print(r *review.Review) error {
	var encoded []byte
	var err error
	switch c.output {
	case outputJSON:
		encoded, err = json.MarshalIndent(r, "", "    ")
		encoded = append(encoded, '\n')
	case outputYAML:
		encoded, err = yaml.Marshal(r)
	default:
		return printTable(c.streams.Out, r)
	}
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	_, err = c.streams.Out.Write(encoded)
	return err
}
