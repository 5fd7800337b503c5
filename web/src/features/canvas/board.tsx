import "@xyflow/react/dist/base.css";
import { applyNodeChanges, Background, MiniMap, type Node, type NodeChange, type NodeProps, NodeResizer, Panel, ReactFlow, ReactFlowProvider, SelectionMode, useReactFlow, useStore, ViewportPortal } from "@xyflow/react";
import { Map as MapIcon, Maximize, Minus, Plus } from "lucide-react";
import { type KeyboardEvent, memo, useCallback, useEffect, useImperativeHandle, useMemo, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { cn } from "@/lib/cn";
import { useOthers } from "@/lib/rooms";
import { useWide } from "@/lib/surroundings";
import { useDark } from "@/lib/use-dark";
import { ArtifactFrame, beginRename } from "./artifact-frame";
import { useCanvasRoom } from "./context";
import { type Artifact, type Box, place, remove, restack, titleOf, types } from "./model";

/** Of an artifact that shows its head alone. */
const HEAD = 38;
const STEP = 10;
/** Others see a drag and a pointer this often; the server takes 20 a second. */
const TELL_MS = 80;

type ArtifactNode = Node<{ artifact: Artifact }, "artifact">;

const nodeOf = (artifact: Artifact, before: ArtifactNode | undefined, selected: boolean): ArtifactNode => ({
  ...(before ?? {}),
  id: artifact.id,
  type: "artifact",
  dragHandle: ".artifact-head",
  // What is under this person's hand stays there, whatever the others do to it meanwhile.
  position: before?.dragging ? before.position : { x: artifact.x, y: artifact.y },
  width: artifact.width,
  height: artifact.collapsed ? HEAD : artifact.height,
  zIndex: artifact.z,
  selected,
  ariaLabel: `${types[artifact.type].name}: ${titleOf(artifact)}`,
  ariaRole: "group",
  domAttributes: { "aria-roledescription": "artifact" },
  data: before?.data.artifact === artifact ? before.data : { artifact },
});

const ArtifactNodeView = memo(({ data: { artifact }, selected, dragging }: NodeProps<ArtifactNode>) => {
  const { doc, writes, undo } = useCanvasRoom();
  const told = useRef(0);
  const sized = (box: Partial<Box>) => place(doc, new Map([[artifact.id, box]]));
  return (
    <>
      {writes && !artifact.collapsed && (
        <NodeResizer
          isVisible={selected}
          minWidth={180}
          minHeight={96}
          lineClassName="!border-transparent"
          handleClassName="!size-3 !rounded-full !border-2 !border-accent !bg-raised"
          onResizeStart={() => undo.stopCapturing()}
          onResize={(_, { x, y, width, height }) => {
            const now = performance.now();
            if (now - told.current < TELL_MS) return;
            told.current = now;
            sized({ x, y, width, height });
          }}
          onResizeEnd={(_, { x, y, width, height }) => {
            sized({ x, y, width, height });
            undo.stopCapturing();
          }}
        />
      )}
      <section
        className={cn("h-full overflow-hidden rounded-xl border bg-raised shadow-[0_1px_3px_rgb(20_16_10/0.08)]", selected && "border-accent", dragging && "shadow-pop")}
      >
        <ArtifactFrame artifact={artifact} board />
      </section>
      <OthersHere id={artifact.id} />
    </>
  );
});

/** Who else has it selected: an outline in their colour, with the name, since colour alone says nothing to some. */
function OthersHere({ id }: { id: string }) {
  const { room } = useCanvasRoom();
  const here = useOthers(room).filter((other) => (Array.isArray(other.selected) && other.selected.includes(id)) || other.cursor?.artifact === id);
  const first = here[0];
  if (!first) return null;
  return (
    <div aria-hidden data-selected-by={first.user.id} className="pointer-events-none absolute -inset-1 rounded-2xl border-2" style={{ borderColor: first.user.color }}>
      <span className="absolute -top-5 right-2 rounded-t-md border-b-2 bg-raised px-1.5 text-[11px] text-ink" style={{ borderColor: first.user.color }}>
        {here.map((other) => other.user.model ?? other.user.name).filter((name, at, all) => all.indexOf(name) === at).join(", ")}
      </span>
    </div>
  );
}

const nodeTypes = { artifact: ArtifactNodeView };

export interface BoardHandle {
  /** Brings an artifact into view and gives it the focus. */
  show: (id: string) => void;
  /** The middle of what is looked at. */
  middle: () => { x: number; y: number };
}

interface Props {
  artifacts: readonly Artifact[];
  handle: React.Ref<BoardHandle>;
}

export default function Board(props: Props) {
  return (
    <ReactFlowProvider>
      <Flow {...props} />
    </ReactFlowProvider>
  );
}

const focusNode = (id: string) => document.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });

function Flow({ artifacts, handle }: Props) {
  const { room, doc, undo, writes, editing, edit } = useCanvasRoom();
  const flow = useReactFlow();
  const dark = useDark();
  const wide = useWide();
  const wrapper = useRef<HTMLDivElement>(null);
  const [nodes, setNodes] = useState<ArtifactNode[]>(() => artifacts.map((one) => nodeOf(one, undefined, false)));
  const told = useRef(0);
  // On a phone it would lie over what it shows.
  const [wanted, setMap] = useState(readMap);
  const map = wanted && wide && artifacts.length > 0;
  const showMap = (shown: boolean) => {
    setMap(shown);
    try {
      localStorage.setItem(MAP, shown ? "shown" : "hidden");
    } catch {
      // Storage may be blocked: it holds for as long as the page is open.
    }
  };

  useEffect(() => {
    setNodes((before) => {
      const known = new Map(before.map((node) => [node.id, node]));
      return artifacts.map((one) => nodeOf(one, known.get(one.id), known.get(one.id)?.selected ?? false));
    });
  }, [artifacts]);

  const selected = useMemo(() => nodes.filter((node) => node.selected).map((node) => node.id), [nodes]);
  const said = selected.join(" ");
  useEffect(() => {
    room.tell({ selected: said ? said.split(" ") : [] });
  }, [room, said]);
  useEffect(() => () => room.tell({ selected: [], pointer: null }), [room]);

  useImperativeHandle(
    handle,
    () => ({
      show: (id) => {
        const node = flow.getNode(id);
        if (!node) return;
        setNodes((all) => all.map((one) => ({ ...one, selected: one.id === id })));
        void flow.fitView({ nodes: [{ id }], maxZoom: 1, minZoom: 0.5, padding: 0.2, duration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 250 });
        focusNode(id);
      },
      middle: () => {
        const box = wrapper.current?.getBoundingClientRect();
        return box ? flow.screenToFlowPosition({ x: box.left + box.width * 0.3, y: box.top + box.height * 0.25 }) : { x: 0, y: 0 };
      },
    }),
    [flow],
  );

  const write = useCallback((moved: readonly Node[]) => place(doc, new Map(moved.map((node) => [node.id, node.position]))), [doc]);
  const onNodesChange = useCallback((changes: NodeChange<ArtifactNode>[]) => setNodes((before) => applyNodeChanges(changes.filter((one) => one.type !== "remove"), before)), []);

  const onKeyDown = (event: KeyboardEvent) => {
    const node = event.target instanceof HTMLElement && event.target.matches(".react-flow__node") ? event.target : null;
    const id = node?.dataset.id;
    if (!id || event.ctrlKey || event.metaKey || event.altKey) return;
    const chosen = selected.includes(id) ? selected : [id];
    const step = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (event.key === "Escape") {
      setNodes((all) => all.map((one) => ({ ...one, selected: false })));
      node.blur();
    } else if (!writes) return;
    else if (step) {
      const [x, y] = step as [number, number];
      place(
        doc,
        new Map(
          artifacts
            .filter((one) => chosen.includes(one.id))
            .map((one) => [one.id, event.shiftKey ? { width: one.width + 2 * x, height: one.height + 2 * y } : { x: one.x + x, y: one.y + y }]),
        ),
      );
    } else if (event.key === "Enter") edit(id);
    else if (event.key === "F2") beginRename(id);
    else if (event.key === "Delete" || event.key === "Backspace") {
      const at = artifacts.findIndex((one) => one.id === id);
      const next = artifacts.slice(at + 1).concat(artifacts.slice(0, at).reverse()).find((one) => !chosen.includes(one.id));
      remove(doc, chosen);
      requestAnimationFrame(() => (next ? focusNode(next.id) : wrapper.current?.focus()));
    } else return;
    event.preventDefault();
  };

  return (
    <div
      ref={wrapper}
      role="application"
      aria-label="The board: Tab goes from artifact to artifact, arrows move, with Shift they resize, Enter edits, Escape leaves, Delete deletes"
      tabIndex={-1}
      className="board relative min-h-0 flex-1 outline-none"
      onKeyDown={onKeyDown}
      onFocus={(event) => {
        const node = event.target;
        if (node.matches(".react-flow__node:focus-visible")) setNodes((all) => all.map((one) => ({ ...one, selected: one.id === node.dataset.id })));
      }}
      onPointerMove={(event) => {
        const now = performance.now();
        if (now - told.current < TELL_MS || event.pointerType === "touch") return;
        told.current = now;
        const { x, y } = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY });
        room.tell({ pointer: { x: Math.round(x), y: Math.round(y) } });
      }}
      onPointerLeave={() => room.tell({ pointer: null })}
    >
      <ReactFlow<ArtifactNode>
        nodes={nodes}
        edges={[]}
        nodeTypes={nodeTypes}
        onNodesChange={onNodesChange}
        nodesDraggable={writes}
        nodesConnectable={false}
        elementsSelectable
        disableKeyboardA11y
        deleteKeyCode={null}
        selectionMode={SelectionMode.Partial}
        elevateNodesOnSelect={false}
        panOnScroll
        zoomOnDoubleClick={false}
        minZoom={0.1}
        maxZoom={2}
        fitView
        // On a phone all of it is too small to be read: it begins with what is read first.
        fitViewOptions={{ maxZoom: 1, minZoom: 0.35, padding: 0.12, ...(wide || !artifacts[0] ? {} : { nodes: [{ id: artifacts[0].id }] }) }}
        colorMode={dark ? "dark" : "light"}
        onNodeDragStart={(_, node) => {
          undo.stopCapturing();
          restack(doc, node.id);
        }}
        onNodeDrag={(_, __, moved) => {
          const now = performance.now();
          if (now - told.current < TELL_MS) return;
          told.current = now;
          write(moved);
        }}
        onNodeDragStop={(_, __, moved) => {
          write(moved);
          undo.stopCapturing();
        }}
        onSelectionDragStop={(_, moved) => write(moved)}
        onPaneClick={() => editing && edit(null)}
      >
        <Background gap={24} size={1.4} color="var(--line)" />
        <Pointers />
        {map && (
          <MiniMap
            position="bottom-right"
            pannable
            zoomable
            ariaLabel="Map of the canvas"
            className="!m-3 overflow-hidden rounded-lg border shadow-sm"
            bgColor="var(--raised)"
            maskColor="color-mix(in oklab, var(--ink) 14%, transparent)"
            nodeColor="var(--line-strong)"
            nodeBorderRadius={12}
          />
        )}
        <ZoomControls map={map} onMap={showMap} />
      </ReactFlow>
    </div>
  );
}

/** Where the others' pointers are, as large at every zoom. */
function Pointers() {
  const { room } = useCanvasRoom();
  const others = useOthers(room);
  const zoom = useStore((state) => state.transform[2]);
  return (
    <ViewportPortal>
      {others.map(({ client, user, pointer }) =>
        pointer && Number.isFinite(pointer.x) && Number.isFinite(pointer.y) ? (
          <div
            key={client}
            aria-hidden
            data-pointer={user.id}
            className="pointer-events-none absolute top-0 left-0 z-[2000] origin-top-left transition-transform duration-100"
            style={{ transform: `translate(${pointer.x}px, ${pointer.y}px) scale(${1 / zoom})` }}
          >
            <svg viewBox="0 0 12 16" className="h-4 w-3" aria-hidden>
              <path d="M1 1l10 9H6l-3 5z" fill={user.color} stroke="white" strokeWidth="1" />
            </svg>
            <span className="ml-3 rounded-md border-l-4 bg-raised px-1.5 text-[11px] text-ink shadow" style={{ borderColor: user.color }}>
              {user.model ?? user.name}
            </span>
          </div>
        ) : null,
      )}
    </ViewportPortal>
  );
}

const MAP = "radiant.canvas.map";

function readMap(): boolean {
  try {
    return localStorage.getItem(MAP) !== "hidden";
  } catch {
    // Storage may be blocked: it is shown.
    return true;
  }
}

function ZoomControls({ map, onMap }: { map: boolean; onMap: (shown: boolean) => void }) {
  const { zoomIn, zoomOut, fitView } = useReactFlow();
  const zoom = useStore((state) => state.transform[2]);
  return (
    <Panel position="bottom-left" className="flex items-center rounded-lg border bg-raised p-0.5 shadow-sm">
      <Button variant="ghost" size="icon" aria-label="Zoom out" title="Zoom out" onClick={() => void zoomOut()}>
        <Minus className="size-4" />
      </Button>
      <span className="w-11 text-center text-xs text-ink-2 tabular-nums">{Math.round(zoom * 100)}%</span>
      <Button variant="ghost" size="icon" aria-label="Zoom in" title="Zoom in" onClick={() => void zoomIn()}>
        <Plus className="size-4" />
      </Button>
      <Button variant="ghost" size="icon" aria-label="Show everything" title="Show everything" onClick={() => void fitView({ maxZoom: 1, padding: 0.12 })}>
        <Maximize className="size-4" />
      </Button>
      <Button variant="ghost" size="icon" aria-label="Map of the canvas" title={map ? "Hide the map" : "Show the map"} aria-pressed={map} onClick={() => onMap(!map)}>
        <MapIcon className="size-4" />
      </Button>
    </Panel>
  );
}
