// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"errors"
	"fmt"

	"github.com/jiratokens/jira-token-operator/internal/gateway/mirror/snapshot"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

// apply hands a configuration on. One that can't be used is told about and changes nothing; of one that can be used in
// part, that part is in force.
func (s *settingsStore) apply(raw []byte, secrets []gatewayconfig.Secret) {
	s.applying.Lock()
	defer s.applying.Unlock()
	err := s.try(raw, secrets, s.current.Load().lastGood())
	if err == nil {
		s.m.metrics.configCurrent.Set(1)
		return
	}
	s.m.metrics.configErrors.Inc()
	s.m.metrics.configCurrent.Set(0)
	if errors.Is(err, ErrIncomplete) {
		s.m.log.Error(err, "the rest is in force; for that part the last good one goes on if it is for the same Jira, "+
			"or else requests are answered with 503")
		return
	}
	s.m.log.Error(err, "the configuration can't be used", "kept", s.current.Load() != nil)
}

// restore is apply for a snapshot's configuration, unless there is one already. It fails if that can't be used at all.
func (s *settingsStore) restore(header *snapshot.Header) error {
	s.applying.Lock()
	defer s.applying.Unlock()
	if s.current.Load() != nil {
		return nil
	}
	err := s.try(header.Config, header.Secrets, s.replay(header.Good))
	if errors.Is(err, ErrIncomplete) {
		s.m.metrics.configErrors.Inc()
		s.m.log.Error(err, "the snapshot's configuration was incomplete, too")
		return nil
	}
	return err
}

// replay hands the last good configuration on before an incomplete one, so that its parts are there to go on with. It
// is not the current one at any time: what it does not deny may be denied by now.
func (s *settingsStore) replay(state *snapshot.State) *settings {
	if state == nil {
		return nil
	}
	config, err := s.decode(state.Config)
	if err == nil {
		err = s.m.opts.OnConfig(config, state.Secrets)
	}
	if err != nil {
		s.m.log.Error(err, "the snapshot's last good configuration can't be used")
		return nil
	}
	return &settings{config: config, raw: state.Config, secrets: state.Secrets}
}

// try makes a configuration the current one, unless it can't be used at all.
func (s *settingsStore) try(raw []byte, secrets []gatewayconfig.Secret, good *settings) error {
	config, err := s.decode(raw)
	if err != nil {
		return err
	}
	err = s.m.opts.OnConfig(config, secrets)
	next := &settings{config: config, raw: raw, secrets: secrets}
	switch {
	case errors.Is(err, ErrIncomplete):
		next.incomplete, next.good = true, good
	case err != nil:
		return err
	}
	first := s.current.Swap(next) == nil
	s.m.metrics.configGeneration.Set(float64(config.Policy.Generation))
	s.m.changes.Add(1)
	if first {
		s.m.log.Info("configuration in use", "policyGeneration", config.Policy.Generation, "secrets", len(secrets))
	} else {
		s.m.log.Info("configuration changed", "policyGeneration", config.Policy.Generation, "secrets", len(secrets))
	}
	return err
}

func (s *settingsStore) decode(raw []byte) (*gatewayconfig.Config, error) {
	if raw == nil {
		return nil, fmt.Errorf("there is no configuration Secret %s/%s", s.m.opts.Namespace, s.m.opts.ConfigName)
	}
	config, err := gatewayconfig.Decode(raw)
	if err != nil {
		return nil, err
	}
	if config.Policy.Namespace != s.m.opts.Namespace || config.Policy.Name != s.m.opts.Policy {
		return nil, errors.New("the configuration Secret belongs to another policy")
	}
	return config, nil
}
