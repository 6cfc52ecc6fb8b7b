// SPDX-License-Identifier: MIT
//
// tests/support/client.js - a node client that reads the proxy variables
//
//	node client.js URL CA-FILE
//
// Prints the status and the page, or the proxy's refusal.
const http = require('http');
const https = require('https');
const fs = require('fs');

const url = new URL(process.argv[2]);
const proxy = new URL(process.env.HTTPS_PROXY || process.env.https_proxy);
const host = url.hostname + ':' + (url.port || 443);

http.request({
	host: proxy.hostname, port: proxy.port, method: 'CONNECT', path: host,
	headers: { host },
}).on('connect', (answer, socket) => {
	if (answer.statusCode !== 200) {
		console.log(answer.statusCode, answer.headers['x-netleash-reason'],
			answer.statusMessage);
		process.exit(1);
	}
	https.get(url, {
		socket, agent: false, servername: url.hostname,
		ca: fs.readFileSync(process.argv[3]),
	}, (page) => {
		page.on('data', (data) => process.stdout.write(
			page.statusCode + ' ' + data));
	});
}).on('error', (error) => {
	console.log(error.message);
	process.exit(2);
}).end();
