// The authorizer variable of CEL, answered by the API server around this engine.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"unsafe"

	"k8s.io/apiserver/pkg/authorization/authorizer"
)

// The host reads the question from memory, writes its answer by alloc_answer and returns the size of that.
//
//go:wasmimport daruma authorize
func askHost(address unsafe.Pointer, size uint32) uint32

var hostAnswer []byte

//go:wasmexport alloc_answer
func allocAnswer(size uint32) uint32 {
	hostAnswer = make([]byte, size)
	return address(hostAnswer)
}

var errNoAnswer = errors.New("the authorizer did not answer")

type hostAuthorizer struct{}

type question struct {
	User        string              `json:"user"`
	UID         string              `json:"uid"`
	Groups      []string            `json:"groups"`
	Extra       map[string][]string `json:"extra"`
	Verb        string              `json:"verb"`
	Namespace   string              `json:"namespace"`
	Group       string              `json:"group"`
	Resource    string              `json:"resource"`
	Subresource string              `json:"subresource"`
	Name        string              `json:"name"`
	Path        string              `json:"path"`
	IsResource  bool                `json:"isResource"`
}

func (hostAuthorizer) Authorize(_ context.Context, a authorizer.Attributes) (authorizer.Decision, string, error) {
	who := a.GetUser()
	asked, err := json.Marshal(question{
		User: who.GetName(), UID: who.GetUID(), Groups: who.GetGroups(), Extra: who.GetExtra(),
		Verb: a.GetVerb(), Namespace: a.GetNamespace(), Group: a.GetAPIGroup(), Resource: a.GetResource(),
		Subresource: a.GetSubresource(), Name: a.GetName(), Path: a.GetPath(), IsResource: a.IsResourceRequest(),
	})
	if err != nil {
		return authorizer.DecisionNoOpinion, "", err
	}
	size := askHost(unsafe.Pointer(&asked[0]), uint32(len(asked)))
	runtime.KeepAlive(asked)
	if size == 0 || int(size) != len(hostAnswer) {
		return authorizer.DecisionNoOpinion, "", errNoAnswer
	}
	var answer struct {
		Allowed bool   `json:"allowed"`
		Reason  string `json:"reason"`
	}
	if err := json.Unmarshal(hostAnswer, &answer); err != nil {
		return authorizer.DecisionNoOpinion, "", err
	}
	if answer.Allowed {
		return authorizer.DecisionAllow, answer.Reason, nil
	}
	return authorizer.DecisionNoOpinion, answer.Reason, nil
}
