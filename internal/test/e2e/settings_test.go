// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// settings come from the environment: hack/e2e/local.sh sets them all.
type settings struct {
	root string // of the repository

	operator  version // what is tested
	previous  version // what it is upgraded from; without an image nothing is
	workloads string  // image with the workload and the stand-in Jira

	helm        string // folder with helm and helm3
	nodeControl string // folder of the scripts that stop parts of the node; empty: the node is not ours
	keep        bool   // leaves everything on the cluster
}

// version is one version of the operator, as it is installed.
type version struct {
	image string
	chart string // its folder, or an archive of it
	name  string // for people
}

// values are Helm's arguments that name the image, by its digest if it has one.
func (v *version) values() []string {
	repository, digest, isDigest := strings.Cut(v.image, "@")
	if isDigest {
		return []string{"--set=image.repository=" + repository, "--set=image.digest=" + digest}
	}
	colon := strings.LastIndex(v.image, ":")
	return []string{"--set=image.repository=" + v.image[:colon], "--set-string=image.tag=" + v.image[colon+1:]}
}

func readSettings() (*settings, error) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		return nil, err
	}
	s := &settings{
		root:        root,
		operator:    version{image: os.Getenv("E2E_IMAGE"), chart: filepath.Join(root, "charts", release), name: "this version"},
		previous:    version{image: os.Getenv("E2E_PREVIOUS_IMAGE"), chart: os.Getenv("E2E_PREVIOUS_CHART"), name: os.Getenv("E2E_PREVIOUS_NAME")},
		workloads:   os.Getenv("E2E_WORKLOAD_IMAGE"),
		helm:        os.Getenv("HELM"),
		nodeControl: os.Getenv("E2E_NODE_CONTROL"),
		keep:        os.Getenv("E2E_KEEP") != "",
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

var imageName = regexp.MustCompile(`^[^@]+(:[\w.-]+|@sha256:[0-9a-f]{64})$`)

func (s *settings) check() error {
	if !imageName.MatchString(s.operator.image) {
		return fmt.Errorf("E2E_IMAGE=%s: must end with a tag or a digest, such as localhost/%s:e2e", s.operator.image, release)
	}
	if s.previous.image != "" && !imageName.MatchString(s.previous.image) {
		return fmt.Errorf("E2E_PREVIOUS_IMAGE=%s: must end with a tag or a digest", s.previous.image)
	}
	if s.previous.image != "" && s.previous.chart == "" {
		return errors.New("E2E_PREVIOUS_IMAGE needs E2E_PREVIOUS_CHART: the chart of that version, as folder or archive")
	}
	if _, err := os.Stat(filepath.Join(s.helm, helm3)); err != nil {
		return fmt.Errorf("HELM=%s: must be the folder that hack/helm/build.sh prints, as with make e2e: %w", s.helm, err)
	}
	if s.workloads == "" {
		return errors.New("E2E_IMAGE needs E2E_WORKLOAD_IMAGE: the image that hack/e2e/images.sh makes beside it")
	}
	if s.nodeControl != "" {
		if _, err := os.Stat(filepath.Join(s.nodeControl, "up.sh")); err != nil {
			return fmt.Errorf("E2E_NODE_CONTROL=%s: must be the folder of hack/cluster's scripts: %w", s.nodeControl, err)
		}
	}
	return nil
}

// artefacts is where is written what was there when a story failed.
func (s *settings) artefacts(test string) string {
	return filepath.Join(s.root, "bin", "e2e-cluster", test)
}
