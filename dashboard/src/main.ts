import { mount } from 'svelte';
import './app.css';
import App from './App.svelte';
import { ChaosApi } from './chaos/chaos_api';
import { Desk } from './state/context';
import { ClusterFeed, kProtocol } from './stream/feed';

const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
const desk = new Desk(new ChaosApi());
const feed = new ClusterFeed({
  dial: () => new WebSocket(`${scheme}://${location.host}/ws`, kProtocol),
  listener: desk.listener,
});

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
mount(App, { target, props: { desk, feed } });
