// Numbers, times and names, as people read them.

export function count(n) {
    return n.toLocaleString('en-US');
}

export function rate(n) {
    return `${n >= 100 ? Math.round(n) : n >= 10 ? n.toFixed(1)
        : Number(n.toFixed(2))}/s`;
}

export function duration(s) {
    if (s === null || s === undefined) {
        return '–';
    }
    if (s < 1) {
        return `${Math.round(s * 1000)} ms`;
    }
    if (s < 60) {
        return `${s < 10 ? s.toFixed(1) : Math.round(s)} s`;
    }
    const minutes = Math.floor(s / 60);
    return minutes < 60 ? `${minutes} min ${Math.round(s % 60)} s`
        : minutes < 2880 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min`
            : `${Math.floor(minutes / 1440)} days`;
}

export function ago(then, now) {
    return then ? `${duration(Math.max(0, Math.round(now - then)))} ago` : '–';
}

export function short(id) {
    return id.slice(0, 8);
}
