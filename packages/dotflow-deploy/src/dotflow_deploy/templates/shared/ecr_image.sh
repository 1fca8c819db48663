# The repository has to be there before the image, and the image before it is used.
if ! aws ecr describe-repositories --repository-names "$name" >/dev/null 2>&1; then
  deploy "ImageTag=$tag"
fi
repository=$(aws ecr describe-repositories --repository-names "$name" \
  --query 'repositories[0].repositoryUri' --output text)
aws ecr get-login-password |
  docker login --username AWS --password-stdin "${repository%%/*}"
docker build --platform linux/amd64 --tag "$repository:$tag" .
docker push "$repository:$tag"
deploy "ImageTag=$tag"
