# needs: node npm
export npm_config_cache="$PWD/cache" npm_config_offline=true \
  npm_config_update_notifier=false
mkdir lib dep
cat > package.json << 'END'
{"name": "hello", "version": "1.0.0", "files": ["lib"],
 "dependencies": {"dep": "file:dep"}, "scripts": {"start": "node lib/main.js"}}
END
echo '{"name": "dep", "version": "1.0.0", "main": "dep.js"}' > dep/package.json
echo 'module.exports = require("fs").readFileSync("name", "utf8").trim();' \
  > dep/dep.js
echo 'console.log("hello", require("dep"));' > lib/main.js
echo node > name
npm install --no-audit --no-fund
npm pack --silent
test "$(npm start --silent)" = 'hello node'
