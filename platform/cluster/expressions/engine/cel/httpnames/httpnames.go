// Package http (in a folder of another name, so that no import is taken for the real one) has what the libraries take from net/http without serving or asking for anything.
package http

import (
	"errors"
	"io"
)

const (
	StatusOK                    = 200
	StatusBadRequest            = 400
	StatusUnauthorized          = 401
	StatusForbidden             = 403
	StatusNotFound              = 404
	StatusMethodNotAllowed      = 405
	StatusNotAcceptable         = 406
	StatusConflict              = 409
	StatusGone                  = 410
	StatusRequestEntityTooLarge = 413
	StatusUnsupportedMediaType  = 415
	StatusUnprocessableEntity   = 422
	StatusTooManyRequests       = 429
	StatusInternalServerError   = 500
	StatusServiceUnavailable    = 503
	StatusGatewayTimeout        = 504
)

const MethodPost = "POST"

type Request struct{}

type Response struct {
	Body       io.ReadCloser
	StatusCode int
}

// Get never fetches anything: schemas do not refer to other machines.
func Get(string) (*Response, error) { return nil, errors.ErrUnsupported }

var ErrAbortHandler = errors.New("net/http: abort Handler")
