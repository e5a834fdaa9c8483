// The expression engine of daruma: Kubernetes' own CEL (schema rules of custom resource definitions, validating
// admission policies), built as a WebAssembly reactor. Every call takes one JSON request and answers one JSON object.
package main

import (
	"encoding/json"
	"fmt"
	"unsafe"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

type request struct {
	Call string          `json:"call"`
	With json.RawMessage `json:"with"`
}

// fieldError has the names that daruma's own validation uses.
type fieldError struct {
	Type     string `json:"type"`
	Field    string `json:"field"`
	BadValue any    `json:"badValue,omitempty"`
	Detail   string `json:"detail"`
}

var input, output []byte

var calls = map[string]func(json.RawMessage) (any, error){
	"validateDefinition": validateDefinition,
	"compileSchema":      compileSchema,
	"validateObject":     validateObject,
	"checkPolicy":        checkPolicy,
	"compilePolicy":      compilePolicy,
	"evaluatePolicy":     evaluatePolicy,
	"release":            release,
}

// What was compiled, until it is released.
var (
	compiled   = map[int]any{}
	lastHandle int
)

func keep(what any) map[string]int {
	lastHandle++
	compiled[lastHandle] = what
	return map[string]int{"handle": lastHandle}
}

//go:wasmexport alloc
func alloc(size uint32) uint32 {
	input = make([]byte, size)
	return address(input)
}

//go:wasmexport result_address
func resultAddress() uint32 { return address(output) }

//go:wasmexport call
func call() (size uint32) {
	var answer any
	defer func() {
		if reason := recover(); reason != nil {
			answer = map[string]string{"failure": fmt.Sprintf("the expression engine panicked: %v", reason)}
		}
		output, _ = json.Marshal(answer)
		input = nil
		size = uint32(len(output))
	}()
	var asked request
	if err := json.Unmarshal(input, &asked); err != nil {
		answer = map[string]string{"failure": err.Error()}
		return
	}
	known, ok := calls[asked.Call]
	if !ok {
		answer = map[string]string{"failure": "unknown call " + asked.Call}
		return
	}
	done, err := known(asked.With)
	if err != nil {
		answer = map[string]string{"failure": err.Error()}
		return
	}
	answer = done
	return
}

func release(with json.RawMessage) (any, error) {
	var asked struct {
		Handle int `json:"handle"`
	}
	if err := json.Unmarshal(with, &asked); err != nil {
		return nil, err
	}
	delete(compiled, asked.Handle)
	return struct{}{}, nil
}

func described(errs field.ErrorList) map[string][]fieldError {
	list := []fieldError{}
	for _, err := range errs {
		value := err.BadValue
		if _, omitted := value.(field.OmitValueType); omitted {
			value = nil
		}
		kind := err.Type.String()
		if err.Type == field.ErrorTypeTypeInvalid {
			kind = "Type"
		}
		list = append(list, fieldError{Type: kind, Field: err.Field, BadValue: value, Detail: err.Detail})
	}
	return map[string][]fieldError{"errors": list}
}

func address(bytes []byte) uint32 {
	if len(bytes) == 0 {
		return 0
	}
	return uint32(uintptr(unsafe.Pointer(&bytes[0])))
}

func main() {}
