// Custom resource definitions and the objects that they define.
package main

import (
	"context"
	"encoding/json"
	"fmt"

	definitions "daruma.dev/cluster/expressions/internal/definitions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	schemacel "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
	"k8s.io/apiserver/pkg/warning"
)

var scheme = func() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{apiextensions.AddToScheme, apiextensionsv1.AddToScheme} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	return scheme
}()

func internalDefinition(raw json.RawMessage) (*apiextensions.CustomResourceDefinition, error) {
	var external apiextensionsv1.CustomResourceDefinition
	if err := utiljson.Unmarshal(raw, &external); err != nil {
		return nil, err
	}
	var definition apiextensions.CustomResourceDefinition
	return &definition, scheme.Convert(&external, &definition, nil)
}

// validateDefinition answers all errors of a definition, as a create or, with a previous state, as an update.
func validateDefinition(with json.RawMessage) (any, error) {
	var asked struct {
		Definition json.RawMessage `json:"definition"`
		Previous   json.RawMessage `json:"previous"`
	}
	if err := json.Unmarshal(with, &asked); err != nil {
		return nil, err
	}
	definition, err := internalDefinition(asked.Definition)
	if err != nil {
		return nil, err
	}
	if asked.Previous == nil {
		return described(definitions.ValidateCustomResourceDefinition(context.Background(), definition)), nil
	}
	previous, err := internalDefinition(asked.Previous)
	if err != nil {
		return nil, err
	}
	return described(definitions.ValidateCustomResourceDefinitionUpdate(context.Background(), definition, previous)), nil
}

type rules struct {
	structural *structuralschema.Structural
	validator  *schemacel.Validator
}

// compileSchema compiles the rules of one version's schema.
func compileSchema(with json.RawMessage) (any, error) {
	var asked struct {
		Schema json.RawMessage `json:"schema"`
	}
	if err := json.Unmarshal(with, &asked); err != nil {
		return nil, err
	}
	var external apiextensionsv1.JSONSchemaProps
	if err := utiljson.Unmarshal(asked.Schema, &external); err != nil {
		return nil, err
	}
	var props apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&external, &props, nil); err != nil {
		return nil, err
	}
	structural, err := structuralschema.NewStructural(&props)
	if err != nil {
		return nil, err
	}
	return keep(&rules{structural, schemacel.NewValidator(structural, true, celconfig.PerCallLimit)}), nil
}

// warnings are the errors that ratcheting lets through.
type warnings struct{ texts []string }

func (w *warnings) AddWarning(_, text string) { w.texts = append(w.texts, text) }

// validateObject runs the rules of a schema on an object; with a previous state, transition rules and ratcheting apply.
func validateObject(with json.RawMessage) (any, error) {
	var asked struct {
		Handle   int            `json:"handle"`
		Object   map[string]any `json:"object"`
		Previous map[string]any `json:"previous"`
	}
	if err := utiljson.Unmarshal(with, &asked); err != nil {
		return nil, err
	}
	found, ok := compiled[asked.Handle].(*rules)
	if !ok {
		return nil, fmt.Errorf("there are no rules %d", asked.Handle)
	}
	warned := warnings{}
	ctx := warning.WithWarningRecorder(context.Background(), &warned)
	if asked.Previous == nil {
		errs, _ := found.validator.Validate(ctx, nil, found.structural, asked.Object, nil, celconfig.RuntimeCELCostBudget)
		return described(errs), nil
	}
	correlated := common.NewCorrelatedObject(asked.Object, asked.Previous, &model.Structural{Structural: found.structural})
	errs, _ := found.validator.Validate(ctx, nil, found.structural, asked.Object, asked.Previous,
		celconfig.RuntimeCELCostBudget, schemacel.WithRatcheting(correlated))
	return struct {
		Errors   []fieldError `json:"errors"`
		Warnings []string     `json:"warnings"`
	}{described(errs)["errors"], warned.texts}, nil
}
