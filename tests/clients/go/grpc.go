package main

import (
	"context"
	"net/url"

	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	identityv1 "sluice-client/sluice/identity/v1"
	orchestrationv1 "sluice-client/sluice/orchestration/v1"
	storagev1 "sluice-client/sluice/storage/v1"
)

type grpcClient struct {
	token      string
	auth       identityv1.AuthServiceClient
	files      storagev1.FileServiceClient
	sources    orchestrationv1.SourceServiceClient
	catalog    orchestrationv1.CatalogServiceClient
	executions orchestrationv1.ExecutionServiceClient
}

func newGrpcClient(address string) client {
	parsed, err := url.Parse(address)
	check(err)
	connection, err := grpc.NewClient(parsed.Host, grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	return &grpcClient{
		auth:       identityv1.NewAuthServiceClient(connection),
		files:      storagev1.NewFileServiceClient(connection),
		sources:    orchestrationv1.NewSourceServiceClient(connection),
		catalog:    orchestrationv1.NewCatalogServiceClient(connection),
		executions: orchestrationv1.NewExecutionServiceClient(connection),
	}
}

func (c *grpcClient) as(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+c.token)
}

func (c *grpcClient) UseToken(token string) { c.token = token }

func (c *grpcClient) IssueToken(
	ctx context.Context, request *identityv1.IssueTokenRequest,
) (*identityv1.IssueTokenResponse, error) {
	return c.auth.IssueToken(ctx, request)
}

func (c *grpcClient) WhoAmI(
	ctx context.Context, request *identityv1.WhoAmIRequest,
) (*identityv1.WhoAmIResponse, error) {
	return c.auth.WhoAmI(c.as(ctx), request)
}

func (c *grpcClient) CreateSource(
	ctx context.Context, request *orchestrationv1.CreateSourceRequest,
) (*orchestrationv1.CreateSourceResponse, error) {
	return c.sources.CreateSource(c.as(ctx), request)
}

func (c *grpcClient) Discover(
	ctx context.Context, request *orchestrationv1.DiscoverRequest,
) (*orchestrationv1.DiscoverResponse, error) {
	return c.catalog.Discover(c.as(ctx), request)
}

func (c *grpcClient) ListTables(
	ctx context.Context, request *orchestrationv1.ListTablesRequest,
) (*orchestrationv1.ListTablesResponse, error) {
	return c.catalog.ListTables(c.as(ctx), request)
}

func (c *grpcClient) ExecuteQuery(
	ctx context.Context, request *orchestrationv1.ExecuteQueryRequest,
) (*orchestrationv1.ExecuteQueryResponse, error) {
	return c.executions.ExecuteQuery(c.as(ctx), request)
}

func (c *grpcClient) GetExecution(
	ctx context.Context, request *orchestrationv1.GetExecutionRequest,
) (*orchestrationv1.GetExecutionResponse, error) {
	return c.executions.GetExecution(c.as(ctx), request)
}

type grpcUpload struct {
	grpc.ClientStreamingClient[storagev1.UploadFileRequest, storagev1.UploadFileResponse]
}

func (u grpcUpload) Finish() (*storagev1.UploadFileResponse, error) { return u.CloseAndRecv() }

func (c *grpcClient) UploadFile(ctx context.Context) (upload, error) {
	stream, err := c.files.UploadFile(c.as(ctx))
	return grpcUpload{stream}, err
}

type grpcDownload struct {
	grpc.ServerStreamingClient[httpbody.HttpBody]
}

func (d grpcDownload) Receive() (*httpbody.HttpBody, error) { return d.Recv() }

func (c *grpcClient) DownloadFile(ctx context.Context, request *storagev1.DownloadFileRequest) (download, error) {
	stream, err := c.files.DownloadFile(c.as(ctx), request)
	return grpcDownload{stream}, err
}

func (c *grpcClient) Failure(err error) (code.Code, string) {
	failure := status.Convert(err)
	for _, detail := range failure.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return code.Code(failure.Code()), info.Reason
		}
	}
	return code.Code(failure.Code()), ""
}
