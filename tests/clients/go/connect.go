package main

import (
	"context"
	"errors"
	"io"
	"net/http"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	identityv1 "sluice-client/sluice/identity/v1"
	"sluice-client/sluice/identity/v1/identityv1connect"
	orchestrationv1 "sluice-client/sluice/orchestration/v1"
	"sluice-client/sluice/orchestration/v1/orchestrationv1connect"
	storagev1 "sluice-client/sluice/storage/v1"
	"sluice-client/sluice/storage/v1/storagev1connect"
)

// bearer adds the access token to each call, streams included.
type bearer struct {
	token string
	next  http.RoundTripper
}

func (b *bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	if b.token != "" {
		request = request.Clone(request.Context())
		request.Header.Set("Authorization", "Bearer "+b.token)
	}
	return b.next.RoundTrip(request)
}

type connectClient struct {
	bearer     *bearer
	auth       identityv1connect.AuthServiceClient
	files      storagev1connect.FileServiceClient
	sources    orchestrationv1connect.SourceServiceClient
	catalog    orchestrationv1connect.CatalogServiceClient
	executions orchestrationv1connect.ExecutionServiceClient
}

func newConnectClient(url string) client {
	caller := &bearer{next: http.DefaultTransport}
	over := &http.Client{Transport: caller}
	return &connectClient{
		bearer:     caller,
		auth:       identityv1connect.NewAuthServiceClient(over, url),
		files:      storagev1connect.NewFileServiceClient(over, url),
		sources:    orchestrationv1connect.NewSourceServiceClient(over, url),
		catalog:    orchestrationv1connect.NewCatalogServiceClient(over, url),
		executions: orchestrationv1connect.NewExecutionServiceClient(over, url),
	}
}

func (c *connectClient) UseToken(token string) { c.bearer.token = token }

func call[Request, Response any](
	ctx context.Context,
	method func(context.Context, *connect.Request[Request]) (*connect.Response[Response], error),
	request *Request,
) (*Response, error) {
	response, err := method(ctx, connect.NewRequest(request))
	if err != nil {
		return nil, err
	}
	return response.Msg, nil
}

func (c *connectClient) IssueToken(
	ctx context.Context, request *identityv1.IssueTokenRequest,
) (*identityv1.IssueTokenResponse, error) {
	return call(ctx, c.auth.IssueToken, request)
}

func (c *connectClient) WhoAmI(
	ctx context.Context, request *identityv1.WhoAmIRequest,
) (*identityv1.WhoAmIResponse, error) {
	return call(ctx, c.auth.WhoAmI, request)
}

func (c *connectClient) CreateSource(
	ctx context.Context, request *orchestrationv1.CreateSourceRequest,
) (*orchestrationv1.CreateSourceResponse, error) {
	return call(ctx, c.sources.CreateSource, request)
}

func (c *connectClient) Discover(
	ctx context.Context, request *orchestrationv1.DiscoverRequest,
) (*orchestrationv1.DiscoverResponse, error) {
	return call(ctx, c.catalog.Discover, request)
}

func (c *connectClient) ListTables(
	ctx context.Context, request *orchestrationv1.ListTablesRequest,
) (*orchestrationv1.ListTablesResponse, error) {
	return call(ctx, c.catalog.ListTables, request)
}

func (c *connectClient) ExecuteQuery(
	ctx context.Context, request *orchestrationv1.ExecuteQueryRequest,
) (*orchestrationv1.ExecuteQueryResponse, error) {
	return call(ctx, c.executions.ExecuteQuery, request)
}

func (c *connectClient) GetExecution(
	ctx context.Context, request *orchestrationv1.GetExecutionRequest,
) (*orchestrationv1.GetExecutionResponse, error) {
	return call(ctx, c.executions.GetExecution, request)
}

type connectUpload struct {
	*connect.ClientStreamForClient[storagev1.UploadFileRequest, storagev1.UploadFileResponse]
}

func (u connectUpload) Finish() (*storagev1.UploadFileResponse, error) {
	response, err := u.CloseAndReceive()
	if err != nil {
		return nil, err
	}
	return response.Msg, nil
}

func (c *connectClient) UploadFile(ctx context.Context) (upload, error) {
	return connectUpload{c.files.UploadFile(ctx)}, nil
}

type connectDownload struct {
	*connect.ServerStreamForClient[httpbody.HttpBody]
}

func (d connectDownload) Receive() (*httpbody.HttpBody, error) {
	if d.ServerStreamForClient.Receive() {
		return d.Msg(), nil
	}
	if err := d.Err(); err != nil {
		return nil, err
	}
	return nil, io.EOF
}

func (c *connectClient) DownloadFile(ctx context.Context, request *storagev1.DownloadFileRequest) (download, error) {
	stream, err := c.files.DownloadFile(ctx, connect.NewRequest(request))
	return connectDownload{stream}, err
}

func (c *connectClient) Failure(err error) (code.Code, string) {
	var failure *connect.Error
	if !errors.As(err, &failure) {
		return code.Code_UNKNOWN, ""
	}
	for _, detail := range failure.Details() {
		if value, err := detail.Value(); err == nil {
			if info, ok := value.(*errdetails.ErrorInfo); ok {
				return code.Code(failure.Code()), info.Reason
			}
		}
	}
	return code.Code(failure.Code()), ""
}
