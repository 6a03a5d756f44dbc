// npm `osc` as a client: UDP with a bundle, or TCP in SLIP frames. Prints each message it hears as one line of JSON.
// node osc_client.js udp|tcp PORT
const osc = require("osc");

const [, , way, port] = process.argv;
const print = (message) => console.log(JSON.stringify({ address: message.address, args: message.args }));
const text = (value) => ({ type: "s", value });
const wish = {
  timeTag: osc.timeTag(60), // a minute ahead: it runs at once
  packets: [
    { address: "/dawbridge/grid", args: [text("bpm"), { type: "f", value: 200 }] },
    {
      timeTag: osc.timeTag(0),
      packets: [
        {
          address: "/dawbridge/generate",
          args: [text("soft pad"), text("id"), text(`node-${way}`), text("length_bars"), { type: "i", value: 1 }],
        },
      ],
    },
  ],
};

const line =
  way === "udp"
    ? new osc.UDPPort({ localAddress: "127.0.0.1", localPort: 0, remoteAddress: "127.0.0.1", remotePort: Number(port) })
    : new osc.TCPSocketPort({ address: "127.0.0.1", port: Number(port) });
line.on("message", (message) => {
  print(message);
  if (message.address === "/dawbridge/done") process.exit(0);
});
line.on("error", (fault) => {
  console.error(String(fault));
  process.exit(1);
});
line.on("ready", () => line.send(wish));
line.open();
setTimeout(() => process.exit(2), 40000);
